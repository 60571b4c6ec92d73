/** A seed that once found a fault of ours. */
export type FailingSeed = {
  readonly seed: number;
  /** When it did, `YYYY-MM-DD`. */
  readonly date: string;
  readonly found: string;
};

/** As it is written into the file: one line a seed. */
export function failingSeedLine(seed: number, date: string, found: string): string {
  return `  ${JSON.stringify({ seed, date, found } satisfies FailingSeed)},`;
}
