import type { Candle } from '#core/candle.ts';
import { fromScaled, MAX_FRACTION_DIGITS, toScaled, ZERO, type Decimal } from '#core/decimal.ts';
import type { RecordedCandles } from './kline-csv.ts';
import { firstIndex, type TapeMessage, type TapeTrade, type TradeTape } from './trade-tape.ts';

const MINUTE_MS = 60_000;
const MOST_TRADES = 12;

/** Trades of a candle, made up: which part of the minute, which price, which size. Their times lie within the minute, ascending. */
export type SyntheticTrade = Omit<TapeTrade, 'id'>;

/**
 * A path of trades that adds up exactly to a one-minute candle: the first trade is at its open, the last at its close, one touches the
 * high, one the low, none leaves them, and the sizes sum up to the volume. Prices keep the fraction digits of the candle's, sizes at least 8.
 * There are as many as the candle counts where it counts up to 12, otherwise 4 to 12. The same seed and candle give the same path; a
 * candle without volume has none.
 */
export function syntheticTrades(candle: Candle, seed: number): readonly SyntheticTrade[] {
  const count = syntheticCount(candle, seed);
  if (count === 0) return [];
  const random = randomOf(seed, candle.openTimeMs);
  const prices = pricePath(candle, count, random);
  const sizes = sizesOf(candle.volume, count, random);
  const times = timesOf(candle.openTimeMs, count, random);
  return prices.map((price, index) => {
    const previous = prices[index - 1];
    const rises = previous === undefined || previous === price ? random() < 0.5 : toScaled(price) > toScaled(previous);
    return { timeMs: times[index] ?? candle.openTimeMs, price, size: sizes[index] ?? ZERO, side: rises ? 'buy' : 'sell' };
  });
}

/** How many trades the path of this candle has, without making it. */
export function syntheticCount(candle: Candle, seed: number): number {
  if (candle.volume === ZERO) return 0;
  const { tradeCount } = candle;
  const least = Math.max(keyPrices(candle, true).length, keyPrices(candle, false).length);
  const drawn = 4 + Math.floor(randomOf(seed, candle.openTimeMs + 1)() * (MOST_TRADES - 3));
  const wanted = tradeCount === null || tradeCount === 0 || tradeCount > MOST_TRADES ? drawn : tradeCount;
  const units = toScaled(candle.volume) / sizeUnit(candle.volume);
  // A candle of one tiny trade cannot be cut into more than it has units.
  return Math.max(least, units < BigInt(wanted) ? Number(units) : wanted);
}

/** A tape whose trades are made up from the one-minute candles of a recording, minute by minute as they are asked for. */
export function createSyntheticTape(candles: RecordedCandles, seed: number): TradeTape {
  const { openTimesMs } = candles;
  const idsBefore = new Float64Array(openTimesMs.length + 1);
  for (let row = 0; row < openTimesMs.length; row += 1)
    idsBefore[row + 1] = (idsBefore[row] ?? 0) + syntheticCount(candles.candle(row), seed);

  const tradesOf = (row: number): readonly TapeTrade[] => {
    const firstId = (idsBefore[row] ?? 0) + 1;
    return syntheticTrades(candles.candle(row), seed).map((trade, index) => ({ id: firstId + index, ...trade }));
  };
  const rowAt = (timeMs: number): number => firstIndex(openTimesMs.length, (row) => (openTimesMs[row] ?? 0) + MINUTE_MS > timeMs);
  const rowOfId = (id: number): number => firstIndex(openTimesMs.length, (row) => (idsBefore[row + 1] ?? 0) >= id);

  return {
    isSynthetic: true,
    messages(afterMs, untilMs) {
      const found: TapeMessage[] = [];
      for (let row = rowAt(afterMs); row < openTimesMs.length && (openTimesMs[row] ?? 0) <= untilMs; row += 1) {
        for (const trade of tradesOf(row))
          if (trade.timeMs > afterMs && trade.timeMs <= untilMs) found.push({ timeMs: trade.timeMs, trades: [trade] });
      }
      return found;
    },
    fromId(firstId, limit, nowMs) {
      const found: TapeTrade[] = [];
      for (let row = rowOfId(firstId); row < openTimesMs.length && found.length < limit; row += 1) {
        if ((openTimesMs[row] ?? 0) > nowMs) break;
        found.push(...tradesOf(row).filter((trade) => trade.id >= firstId && trade.timeMs <= nowMs));
      }
      return found.slice(0, limit);
    },
    within(fromMs, untilMs, limit, keep) {
      const rows = { first: rowAt(fromMs), end: firstIndex(openTimesMs.length, (row) => (openTimesMs[row] ?? 0) > untilMs) };
      const found: TapeTrade[][] = [];
      let count = 0;
      for (let step = 0; step < rows.end - rows.first && count < limit; step += 1) {
        const row = keep === 'oldest' ? rows.first + step : rows.end - 1 - step;
        const trades = tradesOf(row).filter(({ timeMs }) => timeMs >= fromMs && timeMs <= untilMs);
        found.push(trades);
        count += trades.length;
      }
      const ascending = (keep === 'oldest' ? found : found.reverse()).flat();
      return keep === 'oldest' ? ascending.slice(0, limit) : ascending.slice(Math.max(0, ascending.length - limit));
    },
  };
}

/** The prices that must be touched, in order; each change of price needs a trade. */
function keyPrices({ open, high, low, close }: Candle, highFirst: boolean): Decimal[] {
  const wanted = highFirst ? [open, high, low, close] : [open, low, high, close];
  return wanted.filter((price, index) => price !== wanted[index - 1]);
}

/** Through the key prices; what is left goes between two of them, evenly, on the grid of the candle's own digits. */
function pricePath(candle: Candle, count: number, random: () => number): Decimal[] {
  const keys = keyPrices(candle, random() < 0.5);
  const unit = 10n ** BigInt(MAX_FRACTION_DIGITS - Math.max(...[candle.open, candle.high, candle.low, candle.close].map(fractionDigits)));
  // A path in the other order may need one key less or more than was counted; both orders fit, because the count is at least the longer.
  const path = [...keys];
  while (path.length < count) {
    const at = Math.floor(random() * (path.length - 1));
    const [from, to] = [toScaled(path[at] ?? candle.open), toScaled(path[at + 1] ?? path[at] ?? candle.open)];
    const between = from + ((((to - from) / unit) * BigInt(Math.floor(random() * 1000))) / 1000n) * unit;
    path.splice(at + 1, 0, fromScaled(between));
  }
  return path;
}

function sizesOf(volume: Decimal, count: number, random: () => number): Decimal[] {
  const unit = sizeUnit(volume);
  const units = toScaled(volume) / unit;
  // Each has one unit; the rest is cut at random places.
  const rest = units - BigInt(count);
  const cuts = Array.from({ length: count - 1 }, () => (rest * BigInt(Math.floor(random() * 1_000_000))) / 1_000_000n).sort((a, b) =>
    a < b ? -1 : a > b ? 1 : 0,
  );
  return Array.from({ length: count }, (_, index) => {
    const [from, to] = [cuts[index - 1] ?? 0n, cuts[index] ?? rest];
    return fromScaled((to - from + 1n) * unit);
  });
}

/** Eight digits as exchanges have, or as many as the volume needs, or as many as are needed to cut it. */
function sizeUnit(volume: Decimal): bigint {
  const digits = Math.max(8, fractionDigits(volume));
  const unit = 10n ** BigInt(MAX_FRACTION_DIGITS - digits);
  return toScaled(volume) / unit < BigInt(MOST_TRADES) ? 1n : unit;
}

function timesOf(openTimeMs: number, count: number, random: () => number): number[] {
  const offsets = Array.from({ length: count }, () => 1 + Math.floor(random() * (MINUTE_MS - 2)));
  return offsets.sort((a, b) => a - b).map((offset) => openTimeMs + offset);
}

function fractionDigits(value: Decimal): number {
  const point = value.indexOf('.');
  return point === -1 ? 0 : value.length - point - 1;
}

/** A number from a text, to give each market a path of its own. */
export function seedOf(text: string): number {
  let hash = 2_166_136_261;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619);
  return hash >>> 0;
}

/** Uniform in [0, 1), the same for the same seed and time (mulberry32). */
function randomOf(seed: number, timeMs: number): () => number {
  let state = (seed ^ Math.imul(Math.floor(timeMs / 1000), 2_654_435_761) ^ timeMs) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
