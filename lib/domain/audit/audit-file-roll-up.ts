import type { FileFinding } from '#core/file-finding.ts';
import { isSameFigure, type CandleColumns } from './candle-columns.ts';
import { findingsOf, type Fault } from './finding-runs.ts';
import { timeframeText } from './recording-name.ts';

export type RollUpInput = {
  /** In order of time, each once, on the grid. */
  readonly longer: CandleColumns;
  readonly longerMs: number;
  readonly shorter: CandleColumns;
  readonly shorterMs: number;
};

export type RollUpResult = { readonly compared: number; readonly equal: number; readonly findings: readonly FileFinding[] };

/** Noise of floating-point sums, absolute and as a share of the volume. */
const VOLUME_NOISE = 1e-6;
const VOLUME_NOISE_SHARE = 1e-9;

type Sum = { open: number; high: number; low: number; close: number; volume: number };
const PRICES = ['open', 'high', 'low', 'close'] as const;

/**
 * Whether longer candles are what the shorter ones of their time add up to. Sources differ in whether a step without a trade decides a price:
 * the rule by which more of the candles agree is taken for the source's. A candle that reaches over an end of the shorter ones counts where it
 * agrees, and is no fault where it does not.
 */
export function auditFileRollUp(input: RollUpInput): RollUpResult {
  const all = resultOf(input, sumsOf(input, false));
  const traded = resultOf(input, sumsOf(input, true));
  return traded.equal > all.equal ? traded : all;
}

function sumsOf({ shorter, longerMs }: RollUpInput, onlyTraded: boolean): ReadonlyMap<number, Sum> {
  const sums = new Map<number, Sum>();
  const { openTimesMs, open, high, low, close, volume } = shorter;
  openTimesMs.forEach((timeMs, i) => {
    const startMs = Math.floor(timeMs / longerMs) * longerMs;
    const sum = sums.get(startMs);
    const row = { open: open[i]!, high: high[i]!, low: low[i]!, close: close[i]!, volume: volume[i]! };
    if (sum === undefined || (onlyTraded && sum.volume === 0)) sums.set(startMs, row);
    else if (!onlyTraded || row.volume > 0) {
      sum.high = Math.max(sum.high, row.high);
      sum.low = Math.min(sum.low, row.low);
      sum.close = row.close;
      sum.volume += row.volume;
    }
  });
  return sums;
}

function resultOf({ longer, longerMs, shorter, shorterMs }: RollUpInput, sums: ReadonlyMap<number, Sum>): RollUpResult {
  const [firstMs = 0, lastMs = 0] = [shorter.openTimesMs[0], shorter.openTimesMs.at(-1)];
  const faults = { frozen: [] as Fault[], 'roll-up': [] as Fault[] };
  let compared = 0;
  let equal = 0;
  longer.openTimesMs.forEach((timeMs, i) => {
    const sum = sums.get(timeMs);
    if (sum === undefined) return;
    const own = { open: longer.open[i]!, high: longer.high[i]!, low: longer.low[i]!, close: longer.close[i]!, volume: longer.volume[i]! };
    const wrong = differences(own, sum);
    if (wrong.length > 0 && (timeMs < firstMs || timeMs + longerMs > lastMs + shorterMs)) return;
    compared += 1;
    if (wrong.length === 0) equal += 1;
    else {
      const check = wasOpen(own, sum) || wasOpen(sum, own) ? 'frozen' : 'roll-up';
      const values = wrong.map((field) => `${field} ${own[field]}, its ${timeframeText(shorterMs)} rows say ${rounded(sum[field])}`);
      faults[check].push({ timeMs, message: `${values.join('; ')}${check === 'frozen' ? halfWay(own, sum) : ''}` });
    }
  });
  const findings = [...findingsOf('frozen', faults.frozen, longerMs), ...findingsOf('roll-up', faults['roll-up'], longerMs)];
  return { compared, equal, findings };
}

function differences(own: Sum, sum: Sum): readonly (keyof Sum)[] {
  const noise = Math.max(VOLUME_NOISE, VOLUME_NOISE_SHARE * sum.volume);
  const isVolumeEqual = Math.abs(own.volume - sum.volume) <= noise;
  return [...PRICES.filter((field) => !isSameFigure(own[field], sum[field])), ...(isVolumeEqual ? [] : (['volume'] as const))];
}

/** What a candle is while it is open: less volume than in the end, and no price beyond those that it has in the end. */
function wasOpen(early: Sum, late: Sum): boolean {
  return early.volume < late.volume - VOLUME_NOISE && early.high <= late.high && early.low >= late.low;
}

function halfWay(own: Sum, sum: Sum): string {
  return own.volume < sum.volume ? ': read before it had closed' : ': rows of them are missing, or were read before they had closed';
}

/** Without the noise of adding doubles. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
