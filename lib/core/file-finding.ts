/**
 * What an audit of recording files looks for. `format`: the file is none that can be read. `row`: a row that is no candle or trade. `one trade`:
 * a candle of one trade whose four prices are not one. `frozen`: a candle that was read before it had closed, and never again. `trade ids`: ids
 * that the exchange numbered through and the file leaves out. `trades`: a candle that is not what the trades beside it say.
 */
export const FILE_CHECKS = [
  'format',
  'row',
  'order',
  'duplicate',
  'grid',
  'prices',
  'one trade',
  'missing',
  'frozen',
  'roll-up',
  'trade ids',
  'trades',
] as const;

export type FileCheck = (typeof FILE_CHECKS)[number];

/** One fault, or a run of neighbouring ones of the same kind. */
export type FileFinding = {
  readonly check: FileCheck;
  /** First and last row, candle or trade that it is about, both inclusive, UTC ms; null where it is about no time. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Rows, candles or ids that it stands for. */
  readonly count: number;
  /** What is wrong, with the values of the first. */
  readonly message: string;
};
