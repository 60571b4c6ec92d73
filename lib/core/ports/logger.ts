export type LogFacts = Readonly<Record<string, unknown>>;

/** Structured log: `event` is a stable sentence in the present tense, the facts carry what an operator needs. Never secrets. */
export interface Logger {
  debug(event: string, facts?: LogFacts): void;
  info(event: string, facts?: LogFacts): void;
  warn(event: string, facts?: LogFacts): void;
  error(event: string, facts?: LogFacts): void;
}
