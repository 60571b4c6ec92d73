import type { CandleGap, GapReason } from '#core/candle-gap.ts';
import type { Series } from '#core/series.ts';
import type { Explanation } from './gap-reason.ts';
import { holesOf } from './grid.ts';
import { lostEvidence } from './lost-evidence.ts';

/** The exchange has answered for open times from `fromMs` (inclusive) to `untilMs` (exclusive); its newest candle there, null without one. */
export type Answer = { readonly fromMs: number; readonly untilMs: number; readonly newestSentMs: number | null };

/** What one tick has learned about a series. Times are open times on the grid of the timeframe, UTC ms. */
export type CoverageInput = {
  readonly series: Series;
  readonly timeframeMs: number;
  /** The series had no candles before this tick. */
  readonly isFirst: boolean;
  /** Complete up to here before this tick. */
  readonly completeUntilMs: number;
  /** Candles that open before this are closed. */
  readonly closedUntilMs: number;
  /** Whether the store has the candle, or will have it with this tick. */
  readonly has: (openTimeMs: number) => boolean;
  readonly answers: readonly Answer[];
  /** Open times of the first and the last candle that this tick has brought anew, and how many there are; null without one. */
  readonly fresh: { readonly firstMs: number; readonly lastMs: number; readonly candles: number } | null;
  /** What opens before cannot be had from the exchange any more. */
  readonly reachableFromMs: number;
  /** Why it was not asked or did not answer for the rest; null when it was not reached yet. */
  readonly failure: { readonly reason: Extract<GapReason, 'fetch_failed' | 'not_listed'>; readonly message: string } | null;
  /** Rows of the ledger that are not resolved, as they are written, and as they are now: those tried again have been tried once more. */
  readonly written: readonly CandleGap[];
  readonly gaps: readonly CandleGap[];
  /** Says why an exchange that has answered twice does not send these candles. */
  readonly explain: (fromMs: number, untilMs: number) => Explanation;
  readonly nowMs: number;
};

export type Coverage = {
  readonly completeUntilMs: number;
  /** Rows of the ledger that are new or changed. */
  readonly changed: readonly CandleGap[];
  /** All rows that are not resolved now. */
  readonly gaps: readonly CandleGap[];
};

/** So many answers without a candle, each with one behind it, and it is called missing at the exchange. */
export const CONFIRMING_ANSWERS = 2;

/** Not asked for so many candles: an outage of ours that the ledger names, also when it is healed at once. */
const AWAY_CANDLES = 3;

/** A gap that still grows is written again whenever it has grown by so many candles. */
const GROWTH_CANDLES = 15;

/** Two answers to one tick, as when it is repeated, are one. */
const BETWEEN_ANSWERS_MS = 30_000;

/** Delays of the further tries of a confirmed gap, by the number of answers so far. */
const RETRY_MS: Readonly<Record<number, number>> = { 2: 600_000, 3: 3_600_000, 4: 6 * 3_600_000 };

/**
 * Moves the watermark over every candle that is stored or explained, and keeps the ledger: what is missing has a row, what came late closes
 * its row, and nothing is explained before the exchange has answered twice without it. Applying it twice to the same facts changes nothing
 * but the count of answers.
 */
export function coverSeries(input: CoverageInput): Coverage {
  const explained = input.gaps.filter(({ state }) => state === 'explained').flatMap((gap) => withoutLateCandles(input, gap));
  const explainedNow = explained.filter(({ state }) => state === 'explained');
  const wasOpen = input.gaps.filter(({ state }) => state === 'open');
  const runs = missingRuns(input, explainedNow).map((run) => rowOf(input, run, wasOpen));
  const listed = runs.filter((row) => !isJustClosed(input, row));
  const filled = wasOpen.flatMap((gap) => filledPart(input, gap, listed));
  const gaps = [...explainedNow, ...listed].sort((a, b) => a.fromMs - b.fromMs);
  const before = new Map(input.written.map((gap) => [gap.fromMs, gap]));
  const rows = [...explained, ...listed, ...filled, ...healedOutage(input, wasOpen)];
  return {
    completeUntilMs: advance(input, gaps),
    changed: rows.filter((row) => isWorthWriting(before.get(row.fromMs), row, input.timeframeMs)),
    gaps,
  };
}

/** The gap itself while nothing in it has come; else its end and what remains of it. */
function withoutLateCandles(input: CoverageInput, gap: CandleGap): readonly CandleGap[] {
  const there = new Set<number>();
  for (let timeMs = gap.fromMs; timeMs < gap.untilMs; timeMs += input.timeframeMs) if (input.has(timeMs)) there.add(timeMs);
  if (there.size === 0) return [gap];
  const rest = holesOf(there, gap.fromMs, gap.untilMs, input.timeframeMs).map((hole) => ({
    ...gap,
    fromMs: hole.firstMs,
    untilMs: hole.lastMs + input.timeframeMs,
    updatedAtMs: input.nowMs,
  }));
  return rest[0]?.fromMs === gap.fromMs ? rest : [resolved(input, gap, rest[0]?.fromMs ?? gap.untilMs), ...rest];
}

function resolved({ nowMs }: CoverageInput, gap: CandleGap, untilMs: number): CandleGap {
  return { ...gap, untilMs, state: 'resolved', nextTryMs: null, resolvedAtMs: nowMs, resolvedBy: 'rest', updatedAtMs: nowMs };
}

type Kind = 'lost' | 'not asked' | 'not sent' | 'not listed';
type Run = { readonly fromMs: number; readonly untilMs: number; readonly kind: Kind };

/** What is missing between the watermark and the newest closed candle, in runs of one kind. */
function missingRuns(input: CoverageInput, explained: readonly CandleGap[]): readonly Run[] {
  const { completeUntilMs, closedUntilMs, answers, reachableFromMs, gaps, failure } = input;
  const unlisted = gaps.filter(({ state, reason }) => state === 'open' && reason === 'not_listed');
  const kindOf = (timeMs: number): Kind => {
    if (timeMs < reachableFromMs) return 'lost';
    // The exchange said so at the time: a later failure, or that it sends nothing of then once it lists the market again, is no news.
    if (unlisted.some(({ fromMs, untilMs }) => timeMs >= fromMs && timeMs < untilMs)) return 'not listed';
    if (answers.some(({ fromMs, untilMs }) => timeMs >= fromMs && timeMs < untilMs)) return 'not sent';
    return failure?.reason === 'not_listed' ? 'not listed' : 'not asked';
  };
  const runs: Run[] = [];
  // Of two processes at the same tick the slower one may open a gap again that the other has explained: the watermark is behind it by then.
  const reopened = gaps.filter(({ state, fromMs }) => state === 'open' && fromMs < completeUntilMs);
  for (const { fromMs, untilMs } of reopened) addRuns(runs, input, explained, kindOf, fromMs, Math.min(untilMs, completeUntilMs));
  addRuns(runs, input, explained, kindOf, completeUntilMs, closedUntilMs);
  return runs;
}

/** A row of the ledger that is open begins a run of its own: swallowed by the run before it, nobody would close it. */
function addRuns(
  runs: Run[],
  { has, timeframeMs, gaps }: CoverageInput,
  explained: readonly CandleGap[],
  kindOf: (timeMs: number) => Kind,
  fromMs: number,
  untilMs: number,
): void {
  const begun = new Set(gaps.filter(({ state }) => state === 'open').map((gap) => gap.fromMs));
  for (let timeMs = fromMs; timeMs < untilMs; timeMs += timeframeMs) {
    const known = explained.find((gap) => gap.fromMs <= timeMs && timeMs < gap.untilMs);
    if (known !== undefined) timeMs = known.untilMs - timeframeMs;
    else if (!has(timeMs)) {
      const last = runs.at(-1);
      const kind = kindOf(timeMs);
      if (last?.untilMs === timeMs && last.kind === kind && !begun.has(timeMs))
        runs[runs.length - 1] = { ...last, untilMs: timeMs + timeframeMs };
      else runs.push({ fromMs: timeMs, untilMs: timeMs + timeframeMs, kind });
    }
  }
}

function rowOf(input: CoverageInput, run: Run, wasOpen: readonly CandleGap[]): CandleGap {
  const { series, nowMs, timeframeMs } = input;
  const { fromMs, untilMs } = run;
  const overlapping = wasOpen.filter((gap) => gap.fromMs < untilMs && fromMs < gap.untilMs);
  const covering = overlapping.find((gap) => gap.fromMs <= fromMs && untilMs <= gap.untilMs);
  const isAnswered = isCovered(input, run) && input.answers.some((answer) => hasBehind(answer, run));
  const attempts = isAnswered ? answersWithout(covering, nowMs) : (covering?.attempts ?? 0);
  const row = {
    series,
    fromMs,
    untilMs,
    attempts,
    detectedAtMs: Math.min(nowMs, ...overlapping.map(({ detectedAtMs }) => detectedAtMs)),
    resolvedAtMs: null,
    resolvedBy: '',
    updatedAtMs: nowMs,
  } as const;
  if (run.kind === 'lost') {
    const evidence = lostEvidence(run, input.reachableFromMs, overlapping);
    return { ...row, reason: 'retention_lost', evidence, state: 'explained', nextTryMs: null };
  }
  if (run.kind === 'not asked') {
    const { failure } = input;
    const [reason, evidence] = failure === null ? (['our_outage', 'not asked for yet'] as const) : [failure.reason, failure.message];
    return { ...row, reason, evidence, state: 'open', nextTryMs: nowMs };
  }
  if (run.kind === 'not listed') return { ...row, ...unlisted(input, overlapping, attempts) };
  if (attempts < CONFIRMING_ANSWERS) {
    const evidence = isAnswered ? `${attempts} answer without it, with a later candle` : 'not sent yet, and nothing later either';
    return { ...row, reason: 'unknown', evidence, state: 'open', nextTryMs: nowMs };
  }
  const { reason, evidence } = input.explain(fromMs, untilMs);
  const nextTryMs = nextTry(reason, attempts, nowMs);
  return { ...row, reason, evidence: `${evidence}; ${candlesText((untilMs - fromMs) / timeframeMs)}`, state: 'explained', nextTryMs };
}

/** The exchange's own word; two answers without the candles confirm it once it lists the market again. */
function unlisted(
  { failure, nowMs }: CoverageInput,
  overlapping: readonly CandleGap[],
  attempts: number,
): Pick<CandleGap, 'reason' | 'evidence' | 'state' | 'nextTryMs'> {
  const evidence = overlapping.find(({ reason }) => reason === 'not_listed')?.evidence ?? failure?.message ?? '';
  const isConfirmed = attempts >= CONFIRMING_ANSWERS;
  return { reason: 'not_listed', evidence, state: isConfirmed ? 'explained' : 'open', nextTryMs: isConfirmed ? null : nowMs };
}

function isCovered({ answers }: CoverageInput, run: Run): boolean {
  return answers.some(({ fromMs, untilMs }) => fromMs <= run.fromMs && run.untilMs <= untilMs);
}

/** A candle behind the run: of a silence that is longer than what a tick may ask for, the newest page has it. */
function hasBehind({ newestSentMs }: Answer, { untilMs }: Run): boolean {
  return newestSentMs !== null && newestSentMs >= untilMs;
}

function answersWithout(before: CandleGap | undefined, nowMs: number): number {
  if (before === undefined || before.attempts === 0) return 1;
  return before.attempts + (nowMs - before.updatedAtMs >= BETWEEN_ANSWERS_MS ? 1 : 0);
}

function candlesText(count: number): string {
  return count === 1 ? '1 candle' : `${count} candles`;
}

/** Minutes without trades are looked at again with all others; what an exchange owes is asked for by itself, less and less often. */
function nextTry(reason: GapReason, attempts: number, nowMs: number): number | null {
  const delayMs = RETRY_MS[attempts];
  return reason === 'no_trades' || reason === 'retention_lost' || delayMs === undefined ? null : nowMs + delayMs;
}

/** The row of a confirmed gap after the exchange has been asked for it once more in vain. */
export function triedAgain(gap: CandleGap, nowMs: number): CandleGap {
  const attempts = gap.attempts + 1;
  return { ...gap, attempts, nextTryMs: nextTry(gap.reason, attempts, nowMs), updatedAtMs: nowMs };
}

/** The newest closed candle may come a moment later than it closed. */
function isJustClosed({ closedUntilMs, timeframeMs }: CoverageInput, { fromMs, untilMs, reason }: CandleGap): boolean {
  return untilMs === closedUntilMs && untilMs - fromMs === timeframeMs && reason !== 'fetch_failed' && reason !== 'not_listed';
}

/** The end of a row that has no successor under its first time: what of it has come. */
function filledPart(input: CoverageInput, gap: CandleGap, rows: readonly CandleGap[]): readonly CandleGap[] {
  if (rows.some(({ fromMs }) => fromMs === gap.fromMs)) return [];
  const rest = rows.filter(({ fromMs, untilMs }) => fromMs < gap.untilMs && gap.fromMs < untilMs).map(({ fromMs }) => fromMs);
  return [resolved(input, gap, Math.min(gap.untilMs, ...rest))];
}

/** Several candles at once that nobody had asked for before: the ledger says that there was an outage of ours. */
function healedOutage(input: CoverageInput, wasOpen: readonly CandleGap[]): readonly CandleGap[] {
  const { series, isFirst, fresh, nowMs } = input;
  if (isFirst || fresh === null || fresh.candles <= AWAY_CANDLES) return [];
  // The last one has only just closed.
  const { firstMs: fromMs, lastMs: untilMs } = fresh;
  if (wasOpen.some((gap) => gap.fromMs < untilMs && fromMs < gap.untilMs)) return [];
  return [
    {
      series,
      fromMs,
      untilMs,
      reason: 'our_outage',
      evidence: `nobody had asked; ${candlesText(fresh.candles - 1)} came at once`,
      state: 'resolved',
      attempts: 0,
      nextTryMs: null,
      detectedAtMs: nowMs,
      resolvedAtMs: nowMs,
      resolvedBy: 'rest',
      updatedAtMs: nowMs,
    },
  ];
}

/** Moves a watermark over what is stored or explained, at most to `closedUntilMs`; never back. */
export function advance(
  { completeUntilMs, closedUntilMs, timeframeMs, has }: Pick<CoverageInput, 'completeUntilMs' | 'closedUntilMs' | 'timeframeMs' | 'has'>,
  gaps: readonly CandleGap[],
): number {
  let timeMs = completeUntilMs;
  while (timeMs < closedUntilMs) {
    const explained = gaps.find((gap) => gap.state === 'explained' && gap.fromMs <= timeMs && timeMs < gap.untilMs);
    if (explained !== undefined) timeMs = explained.untilMs;
    else if (has(timeMs)) timeMs += timeframeMs;
    else break;
  }
  return Math.max(completeUntilMs, Math.min(timeMs, closedUntilMs));
}

function isWorthWriting(before: CandleGap | undefined, row: CandleGap, timeframeMs: number): boolean {
  if (before === undefined || before.state !== row.state || before.reason !== row.reason || before.attempts !== row.attempts) return true;
  const candles = (gap: CandleGap): number => (gap.untilMs - gap.fromMs) / timeframeMs;
  return candles(row) < candles(before) || Math.floor(candles(row) / GROWTH_CANDLES) !== Math.floor(candles(before) / GROWTH_CANDLES);
}
