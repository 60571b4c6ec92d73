import type { Candle, StoredCandle } from '#core/candle.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import type { CandleRevision } from '#core/candle-revision.ts';
import type { ExchangeRestApi, RefusedRow } from '#core/ports/exchange-rest-api.ts';
import type { Series } from '#core/series.ts';
import { sameCandle } from '#domain/candles/compare.ts';
import { triedAgain, type Answer, type CoverageInput } from '#domain/candles/coverage.ts';
import { floorToGrid, holesOf } from '#domain/candles/grid.ts';
import { candleVersion, fetchedAtMs } from '#domain/candles/version.ts';
import { fetchWindow, reachableFrom, type Failure, type Fetched } from './fetch-windows.ts';
import type { KnownSeries } from './sync-memory.ts';
import type { Job } from './sync-plan.ts';
import type { SeriesSyncReport, SyncInput, SyncPorts } from './sync-types.ts';

/** The exchange's own REST answer; above it only a proof could rank. */
const REST_SOURCE_RANK = 8;

/** Pages of one window that is read a second time; what does not fit waits for its next turn. */
const REREAD_PAGES = 2;

/** A series after its fetch, before anybody has said why something is missing. */
export type Outcome = {
  readonly series: Series;
  readonly candles: readonly StoredCandle[];
  readonly revisions: readonly CandleRevision[];
  readonly fromMs: number | null;
  readonly rereadUntilMs: number | null;
  readonly gaps: readonly CandleGap[];
  readonly has: (openTimeMs: number) => boolean;
  readonly known: KnownSeries;
  /** The series has no candle, or is absent, when null. */
  readonly cover: Omit<CoverageInput, 'explain'> | null;
};

export async function runJob(
  ports: SyncPorts,
  input: SyncInput,
  job: Job,
  older: readonly StoredCandle[],
): Promise<Outcome & { readonly report: SeriesSyncReport }> {
  const { api, clock } = ports;
  const { series, timeframeMs, known, main, rereadDueMs } = job;
  const reachableFromMs = reachableFrom(api, main, timeframeMs);
  const asked = { fromMs: reachableFromMs, untilMs: main.untilMs };
  const fetched = await fetchWindow(api, series, asked);
  const again = await fetchAgain(api, job, fetched);
  const nowMs = clock.nowMs();
  const closedUntilMs = closedUntil(ports, input);
  const isClosed = ({ openTimeMs }: Candle): boolean => openTimeMs + timeframeMs <= closedUntilMs;
  const sent = [...fetched.candles, ...again.candles];
  const stored = new Map([...older.map((candle) => [candle.openTimeMs, candle] as const), ...known.candles]);
  const verdict = compare(sent.filter(isClosed), stored, { series, nowMs, newestMs: Math.max(...known.candles.keys()) });
  const fresh = new Set(verdict.candles.map(({ openTimeMs }) => openTimeMs));
  const has = (openTimeMs: number): boolean => stored.has(openTimeMs) || fresh.has(openTimeMs);
  const there = new Set([...stored.keys(), ...fresh]);
  const historyFromMs = historyStart(job, there, fetched.failure);
  const missing = holesOf(there, Math.max(historyFromMs, main.fromMs, known.fromMs ?? 0), main.untilMs, timeframeMs);
  const fromMs = known.fromMs ?? (there.size === 0 ? null : Math.min(...there));
  const report: SeriesSyncReport = {
    series,
    isBackfill: main.isBackfill,
    fromMs: main.fromMs,
    requests: fetched.requests + again.requests,
    fetched: sent.length,
    stored: verdict.stored,
    changed: verdict.changed,
    unchanged: verdict.unchanged,
    stillOpen: sent.filter((candle) => !isClosed(candle)).length,
    refused: [...fetched.refused, ...again.refused],
    newestOpenTimeMs: there.size === 0 ? null : Math.max(...there),
    completeUntilMs: null,
    missing,
    gaps: [],
    beforeHistory: Math.max(0, historyFromMs - main.fromMs) / timeframeMs,
    missingReason: missing.length === 0 ? null : fetched.failure === null ? 'not_sent' : 'fetch_failed',
    failure: fetched.failure,
  };
  const cover = {
    series,
    timeframeMs,
    isFirst: known.fromMs === null,
    completeUntilMs: known.completeUntilMs ?? fromMs ?? 0,
    closedUntilMs: floorToGrid(closedUntilMs, timeframeMs),
    has,
    answers: [answerOf(asked.fromMs, fetched.answeredUntilMs, fetched.candles), ...again.answers],
    reachableFromMs,
    failure: fetched.failure === null ? null : { reason: 'fetch_failed' as const, message: failureText(fetched.failure) },
    gaps: known.gaps.map((gap) => (again.tried.includes(gap) ? triedAgain(gap, nowMs) : gap)),
    nowMs,
  };
  const { candles, revisions } = verdict;
  const rereadUntilMs = rereadUntil(known, sent, stored, again.answers, { timeframeMs, dueMs: rereadDueMs });
  return { series, candles, revisions, fromMs, rereadUntilMs, gaps: known.gaps, has, known, cover: fromMs === null ? null : cover, report };
}

function answerOf(fromMs: number, untilMs: number, candles: readonly Candle[]): Answer {
  return { fromMs, untilMs, newestSentMs: candles.length === 0 ? null : Math.max(...candles.map(({ openTimeMs }) => openTimeMs)) };
}

/** Up to where every stored candle has come again in an answer; one that an answer has left out is asked for at the next turn. */
function rereadUntil(
  { fromMs, rereadUntilMs }: KnownSeries,
  sent: readonly Candle[],
  stored: ReadonlyMap<number, StoredCandle>,
  answers: readonly Answer[],
  { timeframeMs, dueMs }: { readonly timeframeMs: number; readonly dueMs: number },
): number | null {
  let timeMs = rereadUntilMs ?? fromMs;
  if (timeMs === null) return null;
  const came = new Set(sent.map(({ openTimeMs }) => openTimeMs));
  const answered = answers.find((answer) => answer.fromMs <= (timeMs ?? 0) && (timeMs ?? 0) < answer.untilMs);
  while (answered !== undefined && timeMs < Math.min(answered.untilMs, dueMs) && (came.has(timeMs) || !stored.has(timeMs)))
    timeMs += timeframeMs;
  return timeMs;
}

export function failureText({ code, message }: Failure): string {
  return `${code}: ${message}`;
}

type Again = Pick<Fetched, 'candles' | 'refused' | 'requests'> & {
  readonly tried: readonly CandleGap[];
  readonly answers: readonly Answer[];
};

/** The windows to be read again; an exchange that has just failed is not asked for them. */
async function fetchAgain(api: ExchangeRestApi, { series, again, known, timeframeMs, main }: Job, { failure }: Fetched): Promise<Again> {
  const all = { candles: [] as Candle[], refused: [] as RefusedRow[], requests: 0, tried: [] as CandleGap[], answers: [] as Answer[] };
  for (const window of failure === null ? again : []) {
    const asked = { ...window, fromMs: reachableFrom(api, { fromMs: window.fromMs, untilMs: main.untilMs }, timeframeMs) };
    if (asked.fromMs >= asked.untilMs) continue;
    // oxlint-disable-next-line no-await-in-loop -- seldom more than one, and the exchange's pace is kept by the api anyway
    const fetched = await fetchWindow(api, series, asked, REREAD_PAGES);
    const candles = fetched.candles.filter(({ openTimeMs }) => openTimeMs >= asked.fromMs && openTimeMs < asked.untilMs);
    all.candles.push(...candles);
    all.answers.push(answerOf(asked.fromMs, fetched.answeredUntilMs, candles));
    all.refused.push(...fetched.refused);
    all.requests += fetched.requests;
    if (fetched.failure !== null) break;
    all.tried.push(
      ...known.gaps.filter(
        ({ state, nextTryMs, fromMs, untilMs }) =>
          state === 'explained' && nextTryMs !== null && fromMs >= asked.fromMs && untilMs <= asked.untilMs,
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
function historyStart({ main }: Job, there: ReadonlySet<number>, failure: Failure | null): number {
  return main.isBackfill && failure === null && there.size > 0 ? Math.min(...there) : main.fromMs;
}

/** Candles that end at or before this are closed: by the tick, by our clock and by the exchange's, whichever is earliest. */
export function closedUntil(
  { api, clock }: Pick<SyncPorts, 'api' | 'clock'>,
  { tickMs, settings }: { readonly tickMs: number; readonly settings: Pick<SyncInput['settings'], 'closeGraceMs'> },
): number {
  const nowMs = Math.min(clock.nowMs(), api.serverTimeMs() ?? Number.POSITIVE_INFINITY);
  return Math.min(tickMs, nowMs - settings.closeGraceMs);
}
