import type { Candle, StoredCandle } from '#core/candle.ts';
import type { TimeWindow } from '#core/ports/time-series-db.ts';
import { floorToGrid } from '#domain/candles/grid.ts';
import { isOwed, withMissing } from '#domain/candles/silent-runs.ts';
import { lostRows, silentRows } from './backfill-ledger.ts';
import { cameLate, type BackfillRun } from './backfill-run.ts';
import type { BackfillInput, BackfillPorts } from './backfill-types.ts';
import { fetchWindow, reachableFrom } from './fetch-windows.ts';
import { backfillFromTrades } from './backfill-trades.ts';
import { closedUntil, compare } from './sync-series.ts';

/** A candle on each side of the page is asked for too, and one row may be that of the open candle. */
const BESIDE_PAGE = 3;

/** What is lost costs no request: so many candles are looked at together. */
const LOST_CANDLES = 20_000;

/** The exchange's horizon moves on while it is asked, and the open candle takes one of its rows. */
const HORIZON_MARGIN_CANDLES = 10;

/** One page of the window: nothing is asked when all of it is stored or explained, or when the exchange no longer keeps it. */
export async function backfillPage(ports: BackfillPorts, input: BackfillInput, run: BackfillRun): Promise<void> {
  const { api } = ports;
  const { timeframeMs } = run;
  const fromMs = run.nextMs;
  const horizonMs = horizonOf(ports, input, timeframeMs);
  const isLost = fromMs < horizonMs;
  const pageMs = (isLost ? LOST_CANDLES : Math.max(1, api.maxCandlesPerRequest - BESIDE_PAGE)) * timeframeMs;
  const page = { fromMs, untilMs: Math.min(input.untilMs, fromMs + pageMs, isLost ? horizonMs : Number.POSITIVE_INFINITY) };
  const held = await storedIn(ports, input, { fromMs: fromMs - timeframeMs, untilMs: page.untilMs + timeframeMs });
  const inPage = [...held.keys()].filter((timeMs) => timeMs >= fromMs && timeMs < page.untilMs);
  const quiet = run.gaps.filter((gap) => !isOwed(gap, api.servesPastTrades) && gap.fromMs < page.untilMs && fromMs < gap.untilMs);
  const isQuiet = (timeMs: number): boolean => quiet.some((gap) => gap.fromMs <= timeMs && timeMs < gap.untilMs);
  const wanted = gridOf(fromMs, page.untilMs, timeframeMs).filter((timeMs) => !held.has(timeMs) && !isQuiet(timeMs));
  see(run, held.keys());
  if (isLost && api.servesPastTrades === true && wanted.length > 0) {
    const doneMs = await backfillFromTrades(ports, input, run, { ...page, wanted, horizonMs, isHeld: heldNow(held) });
    if (doneMs === null) return;
    run.alreadyThere += inPage.filter((timeMs) => timeMs < doneMs).length;
    run.nextMs = doneMs;
    return;
  }
  if (isLost) {
    const lost = withMissing([], wanted, timeframeMs, run.edges);
    const rows = lostRows(input, lost, run.gaps, { reachableFromMs: horizonMs, nowMs: ports.clock.nowMs() });
    await run.write(rows);
  } else {
    const newestMs = await fetchPage(ports, input, run, { page, held, wanted });
    if (run.failure !== null) return;
    await explainPassed(ports, input, run, newestMs ?? Math.max(0, ...inPage));
  }
  run.alreadyThere += inPage.length;
  run.nextMs = page.untilMs;
}

type Page = { readonly page: TimeWindow; readonly held: Map<number, StoredCandle>; readonly wanted: readonly number[] };

/** Open time of the newest candle that was sent, 0 without one; null when nothing had to be asked. */
async function fetchPage(
  ports: BackfillPorts,
  input: BackfillInput,
  run: BackfillRun,
  { page, held, wanted }: Page,
): Promise<number | null> {
  if (wanted.length === 0) return null;
  let missing = wanted;
  let newestMs = 0;
  // What an answer leaves out is asked for once more: a row that was lost on the way is no gap of the exchange.
  for (let answer = 0; answer < 2 && missing.length > 0; answer += 1) {
    // oxlint-disable-next-line no-await-in-loop -- the second request depends on the first answer
    const sent = await fetchMissing(ports, input, run, missing);
    // A candle behind the page is a witness only: it is stored with its own page.
    // oxlint-disable-next-line no-await-in-loop -- stored before anything is concluded from it
    await store(
      ports,
      input,
      run,
      held,
      sent.filter(({ openTimeMs }) => openTimeMs < page.untilMs),
    );
    if (run.failure !== null) return null;
    newestMs = Math.max(newestMs, ...sent.map(({ openTimeMs }) => openTimeMs));
    missing = missing.filter((timeMs) => !held.has(timeMs));
  }
  run.pending = withMissing(run.pending, missing, run.timeframeMs, run.edges);
  return newestMs;
}

/** Closed candles from before the first missing one to behind the last. */
async function fetchMissing(
  ports: BackfillPorts,
  { series, settings }: BackfillInput,
  run: BackfillRun,
  missing: readonly number[],
): Promise<readonly Candle[]> {
  const { timeframeMs } = run;
  const asked = { fromMs: (missing[0] ?? 0) - timeframeMs, untilMs: (missing.at(-1) ?? 0) + 2 * timeframeMs };
  const { candles, refused, requests, failure } = await fetchWindow(ports.api, series, asked);
  run.requests += requests;
  run.refused += refused.length;
  run.failure = failure;
  const closedMs = closedUntil(ports, { tickMs: ports.clock.nowMs(), settings });
  const sent = candles.filter(({ openTimeMs }) => openTimeMs + timeframeMs <= closedMs && openTimeMs < asked.untilMs);
  see(
    run,
    sent.map(({ openTimeMs }) => openTimeMs),
  );
  return sent;
}

/** What candles were before is written before they are replaced. */
async function store(
  { db, clock }: BackfillPorts,
  { series, fromMs, untilMs }: BackfillInput,
  run: BackfillRun,
  held: Map<number, StoredCandle>,
  sent: readonly Candle[],
): Promise<void> {
  const inWindow = sent.filter(({ openTimeMs }) => openTimeMs >= fromMs && openTimeMs < untilMs);
  const isHeld = heldNow(held);
  const isLate = ({ openTimeMs }: Candle): boolean => cameLate(run, openTimeMs, isHeld);
  const facts = { series, nowMs: clock.nowMs() };
  const verdicts = [
    compare(inWindow.filter(isLate), held, { ...facts, newestMs: Number.POSITIVE_INFINITY }),
    compare(
      inWindow.filter((candle) => !isLate(candle)),
      held,
      { ...facts, newestMs: Number.NEGATIVE_INFINITY },
    ),
  ];
  const revisions = verdicts.flatMap((verdict) => verdict.revisions);
  const candles = verdicts.flatMap((verdict) => verdict.candles).sort((a, b) => a.openTimeMs - b.openTimeMs);
  if (revisions.length > 0) await db.insertCandleRevisions(revisions);
  if (candles.length > 0) await db.insertCandles([{ series, candles }]);
  for (const candle of candles) held.set(candle.openTimeMs, candle);
  for (const verdict of verdicts) {
    run.stored += verdict.stored;
    run.changed += verdict.changed;
  }
}

/** Runs of missing candles that have one on both sides by now. */
async function explainPassed(ports: BackfillPorts, input: BackfillInput, run: BackfillRun, newestMs: number): Promise<void> {
  const isPassed = ({ fromMs, untilMs }: TimeWindow): boolean => run.firstSeenMs < fromMs && untilMs <= newestMs;
  const passed = run.pending.filter(isPassed);
  if (passed.length === 0) return;
  await run.write(await silentRows(ports, input, passed));
  run.pending = run.pending.filter((one) => !isPassed(one));
}

/** What was within the exchange's horizon when the run began may have left it before it was asked for. */
export async function explainHorizon(ports: BackfillPorts, input: BackfillInput, run: BackfillRun): Promise<void> {
  const horizonMs = horizonOf(ports, input, run.timeframeMs);
  const untilMs = horizonMs + HORIZON_MARGIN_CANDLES * run.timeframeMs;
  const gone = run.pending.filter((one) => one.untilMs <= untilMs && one.untilMs <= run.firstSeenMs);
  if (gone.length > 0) await run.write(lostRows(input, gone, run.gaps, { reachableFromMs: horizonMs, nowMs: ports.clock.nowMs() }));
}

/** The first open time that the exchange still has; all of them where it keeps everything. */
function horizonOf(ports: BackfillPorts, { settings }: BackfillInput, timeframeMs: number): number {
  const untilMs = floorToGrid(closedUntil(ports, { tickMs: ports.clock.nowMs(), settings }), timeframeMs);
  return reachableFrom(ports.api, { fromMs: 0, untilMs }, timeframeMs);
}

/** As it is now: not what will be added to it. */
function heldNow(held: ReadonlyMap<number, StoredCandle>): (openTimeMs: number) => boolean {
  const times = new Set(held.keys());
  return (openTimeMs) => times.has(openTimeMs);
}

async function storedIn({ db }: BackfillPorts, { series }: BackfillInput, window: TimeWindow): Promise<Map<number, StoredCandle>> {
  const { exchange, symbol, timeframe } = series;
  const found = await db.readCandles({ exchange, symbols: [symbol], windows: { [timeframe]: window } });
  return new Map(found.flatMap(({ candles }) => candles.map((candle) => [candle.openTimeMs, candle] as const)));
}

function see(run: BackfillRun, times: Iterable<number>): void {
  for (const timeMs of times) if (timeMs < run.firstSeenMs) run.firstSeenMs = timeMs;
}

function gridOf(fromMs: number, untilMs: number, stepMs: number): readonly number[] {
  return Array.from({ length: (untilMs - fromMs) / stepMs }, (_, i) => fromMs + i * stepMs);
}
