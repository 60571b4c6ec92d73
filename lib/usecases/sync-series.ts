import type { Candle, StoredCandle } from '#core/candle.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import type { CandleRevision } from '#core/candle-revision.ts';
import type { ExchangeRestApi, RefusedRow } from '#core/ports/exchange-rest-api.ts';
import type { Series } from '#core/series.ts';
import { sameCandle } from '#domain/candles/compare.ts';
import { triedAgain, type Answer, type CoverageInput } from '#domain/candles/coverage.ts';
import type { FetchWindow } from '#domain/candles/fetch-plan.ts';
import { floorToGrid, holesOf } from '#domain/candles/grid.ts';
import { candleVersion, fetchedAtMs } from '#domain/candles/version.ts';
import { fetchNewestPage, fetchWindow, reachableFrom, type Failure, type Fetched } from './fetch-windows.ts';
import { timeExtent, type KnownSeries, type TimeExtent } from './sync-memory.ts';
import type { Job } from './sync-plan.ts';
import type { SeriesSyncReport, SyncInput, SyncPorts } from './sync-types.ts';

/** The exchange's own REST answer; above it only a proof could rank. */
const REST_SOURCE_RANK = 8;

/** Requests of a tick for what is read a second time; what does not fit waits for its next turn. */
const REREAD_REQUESTS = 2;

/** A series after its fetch, before anybody has said why something is missing. */
export type Outcome = {
  readonly series: Series;
  readonly candles: readonly StoredCandle[];
  readonly revisions: readonly CandleRevision[];
  readonly fromMs: number | null;
  readonly rereadUntilMs: number | null;
  readonly gaps: readonly CandleGap[];
  /** Rows that came and were no candles. */
  readonly refused: number;
  readonly has: (openTimeMs: number) => boolean;
  readonly known: KnownSeries;
  /** The series has no candle, or is absent, when null. */
  readonly cover: Omit<CoverageInput, 'explain'> | null;
};

type Everything = {
  readonly asked: FetchWindow;
  readonly fetched: Fetched;
  /** The newest page, where the pages did not reach it. */
  readonly newest: (Fetched & FetchWindow) | null;
  readonly again: Again;
  readonly sent: readonly Candle[];
  readonly refused: readonly RefusedRow[];
  readonly requests: number;
};

/** All requests of a job: what is missing or new, the newest page, and what is read again. */
async function fetchEverything({ api, clock }: SyncPorts, job: Job): Promise<Everything> {
  const { series, main, timeframeMs } = job;
  const newestMs = Math.max(main.untilMs, floorToGrid(clock.nowMs(), timeframeMs));
  const asked = { fromMs: reachableFrom(api, { fromMs: main.fromMs, untilMs: newestMs }, timeframeMs), untilMs: main.untilMs };
  const fetched = await fetchWindow(api, series, asked);
  const newest = await fetchNewestPage(api, series, asked, fetched);
  const again = await fetchAgain(api, job, fetched);
  const parts = [fetched, ...(newest === null ? [] : [newest]), again];
  return {
    asked,
    fetched,
    newest,
    again,
    sent: parts.flatMap(({ candles }) => candles),
    refused: parts.flatMap(({ refused }) => refused),
    requests: parts.reduce((sum, { requests }) => sum + requests, 0),
  };
}

export async function runJob(
  ports: SyncPorts,
  input: SyncInput,
  job: Job,
  older: readonly StoredCandle[],
): Promise<Outcome & { readonly report: SeriesSyncReport }> {
  const { series, timeframeMs, known, main } = job;
  const answer = await fetchEverything(ports, job);
  const { asked, sent, again, refused } = answer;
  const nowMs = ports.clock.nowMs();
  const closedUntilMs = closedUntil(ports, input);
  const closed = sent.filter(({ openTimeMs }) => openTimeMs + timeframeMs <= closedUntilMs);
  const stored = withOlder(known.candles, older);
  const verdict = compare(closed, stored, { series, nowMs, newestMs: known.held.newestMs });
  const there = timesThere(stored, timeExtent(older.map(openTimeOf), known.held), verdict.candles);
  const { has } = there;
  const fromMs = known.fromMs ?? (there.newestMs === null ? null : asked.fromMs);
  const { failure } = answer.fetched;
  const cover = {
    series,
    timeframeMs,
    isFirst: known.fromMs === null,
    completeUntilMs: known.completeUntilMs ?? fromMs ?? 0,
    closedUntilMs: floorToGrid(closedUntilMs, timeframeMs),
    has,
    answers: answersOf(answer),
    fresh: freshOf(verdict.candles.filter(({ openTimeMs }) => openTimeMs >= main.fromMs && !stored.has(openTimeMs))),
    reachableFromMs: asked.fromMs,
    failure: failure === null ? null : { reason: 'fetch_failed' as const, message: failureText(failure) },
    written: known.gaps,
    gaps: known.gaps.map((gap) => (again.tried.includes(gap) ? triedAgain(gap, nowMs) : gap)),
    nowMs,
  };
  return {
    series,
    candles: verdict.candles,
    revisions: verdict.revisions,
    fromMs,
    rereadUntilMs: rereadUntil(known, sent, stored, again.answers, job),
    gaps: known.gaps,
    refused: refused.length,
    has,
    known,
    cover: fromMs === null ? null : cover,
    report: seriesReport(job, answer, verdict, there, sent.length - closed.length),
  };
}

/** What is held against the answers; nearly always what is in mind is all of it. */
function withOlder(held: ReadonlyMap<number, StoredCandle>, older: readonly StoredCandle[]): ReadonlyMap<number, StoredCandle> {
  return older.length === 0 ? held : new Map([...older.map((candle) => [candle.openTimeMs, candle] as const), ...held]);
}

/** Open times that the store has, or will have with this tick. */
type There = { readonly has: (openTimeMs: number) => boolean; readonly firstMs: number | null; readonly newestMs: number | null };

function timesThere(stored: ReadonlyMap<number, StoredCandle>, extent: TimeExtent, fresh: readonly StoredCandle[]): There {
  const news = new Set(fresh.map(openTimeOf));
  const has = (openTimeMs: number): boolean => stored.has(openTimeMs) || news.has(openTimeMs);
  return stored.size + news.size === 0 ? { has, firstMs: null, newestMs: null } : { has, ...timeExtent(news, extent) };
}

function openTimeOf({ openTimeMs }: Candle): number {
  return openTimeMs;
}

function answersOf({ asked, fetched, newest, again }: Everything): readonly Answer[] {
  const main = answerOf(asked.fromMs, fetched.answeredUntilMs, fetched.candles);
  return [main, ...(newest === null ? [] : [answerOf(newest.fromMs, newest.answeredUntilMs, newest.candles)]), ...again.answers];
}

function seriesReport(
  job: Job,
  { fetched: { failure }, sent, refused, requests }: Everything,
  { stored, changed, unchanged }: Verdict,
  there: There,
  stillOpen: number,
): SeriesSyncReport {
  const { series, timeframeMs, known, main } = job;
  const historyFromMs = historyStart(job, there, failure);
  // Before its first candle a series may have no history: whether it has is known after the second answer.
  const isHistoryOpen = known.completeUntilMs === known.fromMs;
  const leadMs = isHistoryOpen ? (there.firstMs ?? 0) : 0;
  const missing = holesOf(there, Math.max(historyFromMs, main.fromMs, known.fromMs ?? 0, leadMs), main.untilMs, timeframeMs);
  return {
    series,
    isBackfill: main.isBackfill,
    fromMs: main.fromMs,
    requests,
    fetched: sent.length,
    stored,
    changed,
    unchanged,
    stillOpen,
    refused,
    newestOpenTimeMs: there.newestMs,
    completeUntilMs: null,
    missing,
    gaps: [],
    beforeHistory: Math.max(0, historyFromMs - main.fromMs) / timeframeMs,
    missingReason: missing.length === 0 ? null : failure === null ? 'not_sent' : 'fetch_failed',
    failure,
  };
}

function answerOf(fromMs: number, untilMs: number, candles: readonly Candle[]): Answer {
  return { fromMs, untilMs, newestSentMs: candles.length === 0 ? null : Math.max(...candles.map(({ openTimeMs }) => openTimeMs)) };
}

function freshOf(candles: readonly Candle[]): CoverageInput['fresh'] {
  const times = candles.map(({ openTimeMs }) => openTimeMs);
  return times.length === 0 ? null : { firstMs: Math.min(...times), lastMs: Math.max(...times), candles: times.length };
}

/** A stored candle that the exchange no longer sends is waited for so long. */
const WITHDRAWN_AFTER_MS = 6 * 3_600_000;

/** Up to where every stored candle has come again in an answer; one that an answer has left out is asked for at the next turn. */
function rereadUntil(
  { fromMs, rereadUntilMs }: KnownSeries,
  sent: readonly Candle[],
  stored: ReadonlyMap<number, StoredCandle>,
  answers: readonly Answer[],
  { timeframeMs, rereadDueMs: dueMs, rereadFromMs }: Job,
): number | null {
  if (fromMs === null) return null;
  // A series may turn out to begin later than its first answer said; before its beginning nothing is ever asked for again.
  let timeMs = Math.max(rereadUntilMs ?? fromMs, fromMs, rereadFromMs);
  const came = new Set(sent.map(({ openTimeMs }) => openTimeMs));
  const beginMs = timeMs;
  const answered = answers.find((answer) => answer.fromMs <= beginMs && beginMs < answer.untilMs);
  const isDone = (time: number): boolean => came.has(time) || !stored.has(time) || time < dueMs - WITHDRAWN_AFTER_MS;
  while (answered !== undefined && timeMs < Math.min(answered.untilMs, dueMs) && isDone(timeMs)) timeMs += timeframeMs;
  return timeMs;
}

export function failureText({ code, message }: Failure): string {
  return `${code}: ${message}`;
}

type Again = Pick<Fetched, 'candles' | 'refused' | 'requests'> & {
  readonly tried: readonly CandleGap[];
  readonly answers: readonly Answer[];
};

/**
 * The windows to be read again, the newest first: the oldest one goes on at every tick until it is done, and is not to keep the others from
 * their turns. An exchange that has just failed is not asked for them.
 */
async function fetchAgain(api: ExchangeRestApi, { series, again, known, timeframeMs, main }: Job, { failure }: Fetched): Promise<Again> {
  const all = { candles: [] as Candle[], refused: [] as RefusedRow[], requests: 0, tried: [] as CandleGap[], answers: [] as Answer[] };
  for (const window of failure === null ? again.toReversed() : []) {
    if (all.requests >= REREAD_REQUESTS) break;
    const asked = { ...window, fromMs: reachableFrom(api, { fromMs: window.fromMs, untilMs: main.untilMs }, timeframeMs) };
    if (asked.fromMs >= asked.untilMs) continue;
    // oxlint-disable-next-line no-await-in-loop -- seldom more than one, and the exchange's pace is kept by the api anyway
    const fetched = await fetchWindow(api, series, asked, REREAD_REQUESTS - all.requests);
    const candles = fetched.candles.filter(({ openTimeMs }) => openTimeMs >= asked.fromMs && openTimeMs < asked.untilMs);
    all.candles.push(...candles);
    all.answers.push(answerOf(asked.fromMs, fetched.answeredUntilMs, candles));
    all.refused.push(...fetched.refused);
    all.requests += fetched.requests;
    if (fetched.failure !== null) break;
    all.tried.push(
      ...known.gaps.filter(
        ({ state, nextTryMs, fromMs }) =>
          // Of a gap that is longer than what a tick may ask for, the first part speaks for all of it.
          state === 'explained' && nextTryMs !== null && fromMs >= asked.fromMs && fromMs < fetched.answeredUntilMs,
      ),
    );
  }
  return all;
}

export type Verdict = {
  readonly candles: readonly StoredCandle[];
  readonly revisions: readonly CandleRevision[];
  readonly stored: number;
  readonly changed: number;
  readonly unchanged: number;
};

/** What of the closed candles is new, what differs from the stored ones, and what the store has like that. */
export function compare(
  closed: readonly Candle[],
  stored: ReadonlyMap<number, StoredCandle>,
  { series, nowMs, newestMs }: { readonly series: Series; readonly nowMs: number; readonly newestMs: number },
): Verdict {
  const version = { sourceRank: REST_SOURCE_RANK, fetchedAtMs: nowMs, sequence: 0 };
  const candles: StoredCandle[] = [];
  const revisions: CandleRevision[] = [];
  let changed = 0;
  for (const candle of closed) {
    const { openTimeMs } = candle;
    const before = stored.get(openTimeMs);
    if (before === undefined) {
      const after = { ...candle, version: candleVersion({ ...version, finality: 'closed' }) };
      candles.push(after);
      if (openTimeMs < newestMs) revisions.push({ series, openTimeMs, before: null, after, detectedAtMs: nowMs });
    } else if (!sameCandle(before, candle) && fetchedAtMs(before.version) <= nowMs) {
      const after = { ...candle, version: candleVersion({ ...version, finality: 'revised' }) };
      candles.push(after);
      revisions.push({ series, openTimeMs, before, after, detectedAtMs: nowMs });
      changed += 1;
    }
  }
  return { candles, revisions, stored: candles.length - changed, changed, unchanged: closed.length - candles.length };
}

/** A backfill that was answered begins where the exchange's candles begin; nothing sent at all, or a failure, proves nothing. */
function historyStart({ main }: Job, { firstMs }: There, failure: Failure | null): number {
  return main.isBackfill && failure === null ? (firstMs ?? main.fromMs) : main.fromMs;
}

/** Candles that end at or before this are closed: by the tick, by our clock and by the exchange's, whichever is earliest. */
export function closedUntil(
  { api, clock }: Pick<SyncPorts, 'api' | 'clock'>,
  { tickMs, settings }: { readonly tickMs: number; readonly settings: Pick<SyncInput['settings'], 'closeGraceMs'> },
): number {
  const nowMs = Math.min(clock.nowMs(), api.serverTimeMs() ?? Number.POSITIVE_INFINITY);
  return Math.min(tickMs, nowMs - settings.closeGraceMs);
}
