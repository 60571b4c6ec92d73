/** Levels of our lines, the least important first. */
export const LINE_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export type LineLevel = (typeof LINE_LEVELS)[number];

/** A line of a service: ours is a JSON object, all else (a crash of the runtime) is plain text of level error. */
export type ServiceLine = {
  readonly timeMs: number;
  readonly level: LineLevel;
  readonly service: string;
  readonly event: string;
  /** Null when the line is about none. */
  readonly exchange: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
};

export type LineFilter = { readonly level: LineLevel; readonly exchange: string | null };
