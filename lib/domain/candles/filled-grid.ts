/** Stored candles of one series; same length, oldest first. Volumes are of no concern to a grid: a filled candle has none. */
export type CandleColumns = {
  readonly openTimesMs: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
};

/** Consecutive candles without holes: stored ones, and flat ones (o = h = l = c = previous close, volume 0) where nothing traded. */
export type GridSegment = {
  /** Open time of the first candle; the candle at index i opens i timeframes later. First and last are always stored ones. */
  readonly openTimeMs: number;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** 1 where the candle is filled, 0 where it is stored. */
  readonly filled: Uint8Array;
  readonly filledCount: number;
  /** Where its stored candles lie in the given columns: index of the first and, exclusive, of the last. */
  readonly storedFrom: number;
  readonly storedUntil: number;
};

export type GridRule = {
  readonly timeframeMs: number;
  /** More missing candles in a row than this are not taken for "no trades": a new segment begins behind them. */
  readonly maxFilledCandles: number;
};

/** Buffers to be reused from one grid to the next; they grow as needed. */
export type GridWorkspace = { high: Float64Array; low: Float64Array; close: Float64Array; filled: Uint8Array };

export function createGridWorkspace(capacity = 0): GridWorkspace {
  return {
    high: new Float64Array(capacity),
    low: new Float64Array(capacity),
    close: new Float64Array(capacity),
    filled: new Uint8Array(capacity),
  };
}

/**
 * The grid that indicators see, as one or more segments, oldest first; none for no candles. Nothing is filled before the first or
 * behind the last stored candle. The segments are views into `workspace`: valid until it is used again.
 * Throws `RangeError` naming the open time when candles are not strictly ascending, off the timeframe's grid, or a price is not finite.
 */
export function fillGrid(candles: CandleColumns, rule: GridRule, workspace: GridWorkspace = createGridWorkspace()): readonly GridSegment[] {
  requireGrid(candles, rule.timeframeMs);
  const spans = spansOf(candles.openTimesMs, rule);
  reserve(
    workspace,
    spans.reduce((total, { length }) => total + length, 0),
  );
  let offset = 0;
  return spans.map((span) => {
    const segment = fillSegment(candles, span, rule.timeframeMs, workspace, offset);
    offset += span.length;
    return segment;
  });
}

type Span = { readonly storedFrom: number; readonly storedUntil: number; readonly length: number };

function spansOf(openTimesMs: Float64Array, { timeframeMs, maxFilledCandles }: GridRule): readonly Span[] {
  const spans: Span[] = [];
  let storedFrom = 0;
  for (let i = 1; i <= openTimesMs.length; i++) {
    const missing = i === openTimesMs.length ? Infinity : (openTimesMs[i]! - openTimesMs[i - 1]!) / timeframeMs - 1;
    if (missing <= maxFilledCandles) continue;
    spans.push({ storedFrom, storedUntil: i, length: (openTimesMs[i - 1]! - openTimesMs[storedFrom]!) / timeframeMs + 1 });
    storedFrom = i;
  }
  return spans;
}

function fillSegment(
  candles: CandleColumns,
  { storedFrom, storedUntil, length }: Span,
  timeframeMs: number,
  workspace: GridWorkspace,
  offset: number,
): GridSegment {
  const high = workspace.high.subarray(offset, offset + length);
  const low = workspace.low.subarray(offset, offset + length);
  const close = workspace.close.subarray(offset, offset + length);
  const filled = workspace.filled.subarray(offset, offset + length);
  const openTimeMs = candles.openTimesMs[storedFrom]!;
  let next = storedFrom;
  for (let at = 0; at < length; at++) {
    const isStored = candles.openTimesMs[next] === openTimeMs + at * timeframeMs;
    filled[at] = isStored ? 0 : 1;
    high[at] = isStored ? candles.high[next]! : close[at - 1]!;
    low[at] = isStored ? candles.low[next]! : close[at - 1]!;
    close[at] = isStored ? candles.close[next]! : close[at - 1]!;
    if (isStored) next++;
  }
  return { openTimeMs, high, low, close, filled, filledCount: length - (storedUntil - storedFrom), storedFrom, storedUntil };
}

function reserve(workspace: GridWorkspace, length: number): void {
  if (workspace.close.length < length) Object.assign(workspace, createGridWorkspace(Math.max(length, 2 * workspace.close.length)));
}

function requireGrid({ openTimesMs, high, low, close }: CandleColumns, timeframeMs: number): void {
  for (let i = 0; i < openTimesMs.length; i++) {
    const openTimeMs = openTimesMs[i]!;
    if (!(openTimeMs % timeframeMs === 0)) throw new RangeError(`candle at open time ${openTimeMs} is off the grid of ${timeframeMs} ms`);
    if (i > 0 && openTimeMs <= openTimesMs[i - 1]!)
      throw new RangeError(`candle at open time ${openTimeMs} does not come after ${openTimesMs[i - 1]}`);
    if (!Number.isFinite(high[i]! + low[i]! + close[i]!))
      throw new RangeError(`candle at open time ${openTimeMs} has a price that is not finite`);
  }
}
