import type { Candle } from '#core/candle.ts';
import type { CandleAgreement } from '#core/candle-agreement.ts';
import type { CandleFinding, FindingWitness } from '#core/candle-finding.ts';
import type { Exchange } from '#core/exchange.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import type { SeriesCandles, TimeSeriesDb, TimeWindow } from '#core/ports/time-series-db.ts';
import { seriesKey, type Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import type { TradeMinute } from '#core/trade-minute.ts';
import { auditRollUp, comparedRollUps } from '#domain/audit/audit-roll-up.ts';
import { isWitness } from '#domain/audit/audit-witness.ts';
import { quietMinutes } from '#domain/candles/quiet-minutes.ts';
import { hoursToVerify, verifyWindow } from '#domain/candles/verify-plan.ts';
import { verifyMinutes } from '#domain/candles/verify-minutes.ts';
import { candlesOfTrades } from '#domain/trades/candles-of-trades.ts';
import { readArchive, type ArchiveProblem } from './read-archive.ts';

export type VerifyPorts = {
  readonly db: Pick<
    TimeSeriesDb,
    | 'readCandles'
    | 'readTradeMinutes'
    | 'readCandleGaps'
    | 'readTradeGaps'
    | 'readAgreements'
    | 'readOpenFindings'
    | 'insertAgreements'
    | 'insertCandleFindings'
    | 'insertCandles'
  >;
  readonly storage: Pick<StorageClient, 'getObject' | 'listObjects'>;
  readonly clock: Clock;
};

export type VerifyInput = {
  readonly exchange: Exchange;
  readonly symbols: readonly MarketSymbol[];
  readonly timeframes: readonly Timeframe[];
  readonly tickMs: number;
  /** Ages at which sync reads candles again. */
  readonly rereadAfterHours: readonly number[];
};

type FailedHour = { readonly hourMs: number; readonly reason: string };

/** Counts of minutes, unless said otherwise. */
export type VerifyReport = {
  readonly exchange: Exchange;
  readonly tickMs: number;
  /** Hours looked at, those that could not be, and those that wait for the next tick. */
  readonly hours: number;
  readonly failed: readonly FailedHour[];
  readonly hoursLeft: number;
  readonly candles: number;
  readonly witnessed: number;
  readonly agreed: number;
  readonly verified: number;
  /** Findings that are new. */
  readonly found: readonly CandleFinding[];
  /**
   * Findings about candles of the last week that are not settled, gaps in candles that have been open for more than an hour, and such gaps
   * in trades of the last day: an older one will not be fetched any more.
   */
  readonly findingsOpen: number;
  readonly gapsOpen: number;
  readonly tradeGapsOpen: number;
  readonly problems: readonly ArchiveProblem[];
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;

/** So many hours a tick; after a long pause the next ticks go on. */
const HOURS_PER_TICK = 6;
/** Then it is not the hours: nothing would come of the next one either. */
const MAX_FAILED = 3;

/** A candle without a second reading is looked at once, an hour later. */
const USUAL_AGES_HOURS = [1];

/**
 * Holds the stored candles of whole hours against their witnesses, after each of their second readings: the minutes against the trades of
 * the stream and of the archive, longer candles against their minutes. Where all agree the candle becomes `verified`; where they do not,
 * a finding is kept until they do. Repeating it writes the same.
 */
export async function verifyCandles(ports: VerifyPorts, input: VerifyInput): Promise<VerifyReport> {
  const { exchange, tickMs } = input;
  const agesHours = input.rereadAfterHours.length === 0 ? USUAL_AGES_HOURS : input.rereadAfterHours;
  const due = await dueHours(ports, input, agesHours);
  const problems: ArchiveProblem[] = [];
  const looks: HourLook[] = [];
  const failed: FailedHour[] = [];
  for (const hourMs of due.slice(0, HOURS_PER_TICK)) {
    if (failed.length === MAX_FAILED) break;
    try {
      // oxlint-disable-next-line no-await-in-loop -- one hour in memory at a time
      looks.push(await verifyHour(ports, input, hourMs, (problem) => void problems.push(problem)));
    } catch (error) {
      // One hour that cannot be read keeps no other one waiting.
      failed.push({ hourMs, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const sum = (count: 'candles' | 'witnessed' | 'agreed' | 'verified'): number =>
    looks.reduce((total, { agreements }) => total + agreements.reduce((all, one) => all + one[count], 0), 0);
  return {
    exchange,
    tickMs,
    hours: looks.length,
    failed,
    hoursLeft: due.length - looks.length,
    candles: sum('candles'),
    witnessed: sum('witnessed'),
    agreed: sum('agreed'),
    verified: sum('verified'),
    found: looks.flatMap(({ found }) => found),
    ...(await countOpen(ports, input)),
    problems,
  };
}

async function dueHours(
  { db }: VerifyPorts,
  { exchange, symbols, tickMs }: VerifyInput,
  agesHours: readonly number[],
): Promise<readonly number[]> {
  const { fromMs, untilMs } = verifyWindow({ tickMs, agesHours });
  const week = { exchange, symbols, fromMs: Math.min(fromMs, tickMs - WEEK_MS), untilMs };
  const [known, open] = await Promise.all([db.readAgreements(week), db.readOpenFindings(week)]);
  const unsettled = new Set(open.map(({ openTimeMs }) => Math.floor(openTimeMs / HOUR_MS) * HOUR_MS));
  return hoursToVerify({ tickMs, agesHours, lookedAtMs: oldestLooks(known, symbols.length), unsettled });
}

/** An hour counts as looked at when all its markets were. */
function oldestLooks(agreements: readonly CandleAgreement[], markets: number): ReadonlyMap<number, number> {
  const hours = Map.groupBy(agreements, ({ hourMs }) => hourMs);
  return new Map(
    [...hours].flatMap(([hourMs, rows]) =>
      rows.length < markets ? [] : [[hourMs, Math.min(...rows.map(({ updatedAtMs }) => updatedAtMs))] as const],
    ),
  );
}

type HourLook = { readonly agreements: readonly CandleAgreement[]; readonly found: readonly CandleFinding[] };

async function verifyHour(
  ports: VerifyPorts,
  { exchange, symbols, timeframes }: VerifyInput,
  hourMs: number,
  onProblem: (problem: ArchiveProblem) => void,
): Promise<HourLook> {
  const { db, clock } = ports;
  const window = { fromMs: hourMs, untilMs: hourMs + HOUR_MS };
  const query = { exchange, symbols, ...window };
  const [groups, minutes, gaps, open] = await Promise.all([
    db.readCandles({ exchange, symbols, windows: Object.fromEntries(timeframes.map((timeframe) => [timeframe, window])) }),
    db.readTradeMinutes(query),
    db.readCandleGaps({ ...query, states: ['explained'] }),
    db.readOpenFindings(query),
  ]);
  const archived = await archivedMinutes(ports, { exchange, symbols: witnessedMarkets(minutes), ...window }, onProblem);
  const nowMs = clock.nowMs();
  const agreements: CandleAgreement[] = [];
  const proven: SeriesCandles[] = [];
  const disagreements: Disagreement[] = [];
  const compared = new Set<string>();
  for (const symbol of symbols) {
    const series = { exchange, symbol, timeframe: '1m' } as const;
    const candles = candlesOf(groups, series);
    const ofMarket = minutes.filter((minute) => minute.symbol === symbol);
    const verdicts = verifyMinutes({ candles, minutes: ofMarket, archived: archived.get(symbol) ?? [] });
    const { witnessed, agreed, verified } = verdicts;
    agreements.push({ exchange, symbol, hourMs, candles: verdicts.candles, witnessed, agreed, verified, updatedAtMs: nowMs });
    if (verdicts.proven.length > 0) proven.push({ series, candles: verdicts.proven });
    disagreements.push(...verdicts.disagreements.map((one) => ({ series, ...one })));
    for (const openTimeMs of verdicts.compared)
      for (const witness of ['stream', 'archive'] as const) compared.add(findingKey({ series, openTimeMs, witness }));
    const quiet = quietMinutes(gaps.filter((gap) => seriesKey(gap.series) === seriesKey(series)));
    for (const timeframe of timeframes.filter((one) => one !== '1m')) {
      const longer = { ...series, timeframe };
      const given = [longer, candlesOf(groups, longer), candles, (timeMs: number): boolean => quiet.has(timeMs)] as const;
      const witness = 'roll-up';
      disagreements.push(
        ...auditRollUp(...given).map(({ openTimeMs, message }) => ({ series: longer, openTimeMs, witness, message }) as const),
      );
      for (const openTimeMs of comparedRollUps(...given)) compared.add(findingKey({ series: longer, openTimeMs, witness }));
    }
  }
  const { found, rows } = ledgerRows(open, { disagreements, compared }, nowMs);
  if (rows.length > 0) await db.insertCandleFindings(rows);
  if (proven.length > 0) await db.insertCandles(proven);
  // Last, since it says that the hour was looked at.
  await db.insertAgreements(agreements);
  return { agreements, found };
}

type Disagreement = {
  readonly series: Series;
  readonly openTimeMs: number;
  readonly witness: FindingWitness;
  readonly message: string;
};

/**
 * Rows that are new or have changed: what was found, what says something else now, and what was settled, because both were held against
 * each other and agree.
 */
function ledgerRows(
  open: readonly CandleFinding[],
  { disagreements, compared }: { readonly disagreements: readonly Disagreement[]; readonly compared: ReadonlySet<string> },
  nowMs: number,
): { readonly found: readonly CandleFinding[]; readonly rows: readonly CandleFinding[] } {
  const openByKey = new Map(open.map((finding) => [findingKey(finding), finding]));
  const still = new Set(disagreements.map(findingKey));
  const found: CandleFinding[] = [];
  const rows: CandleFinding[] = [];
  for (const disagreement of disagreements) {
    const before = openByKey.get(findingKey(disagreement));
    const finding = { ...disagreement, foundAtMs: before?.foundAtMs ?? nowMs, settledAtMs: null, updatedAtMs: nowMs };
    if (before === undefined) found.push(finding);
    if (before?.message !== finding.message) rows.push(finding);
  }
  const settled = open.filter((finding) => compared.has(findingKey(finding)) && !still.has(findingKey(finding)));
  rows.push(...settled.map((finding) => ({ ...finding, settledAtMs: nowMs, updatedAtMs: nowMs })));
  return { found, rows };
}

function findingKey({ series, openTimeMs, witness }: Pick<CandleFinding, 'series' | 'openTimeMs' | 'witness'>): string {
  return `${seriesKey(series)} ${openTimeMs} ${witness}`;
}

function witnessedMarkets(minutes: readonly TradeMinute[]): readonly MarketSymbol[] {
  return [...new Set(minutes.filter(isWitness).map(({ symbol }) => symbol))];
}

/** Candles of the archive's trades, per market. Nothing is read for an hour without a witness, which the archive alone cannot be. */
async function archivedMinutes(
  { storage }: VerifyPorts,
  query: TimeWindow & { readonly exchange: Exchange; readonly symbols: readonly MarketSymbol[] },
  onProblem: (problem: ArchiveProblem) => void,
): Promise<ReadonlyMap<MarketSymbol, readonly Candle[]>> {
  const found = new Map<MarketSymbol, readonly Candle[]>();
  if (query.symbols.length === 0) return found;
  for await (const { symbol, trades } of readArchive({ storage }, query, onProblem))
    found.set(
      symbol,
      candlesOfTrades(
        trades.map(({ trade }) => trade),
        TIMEFRAME_MS['1m'],
      ),
    );
  return found;
}

function candlesOf(groups: readonly SeriesCandles[], series: Series): SeriesCandles['candles'] {
  return groups.find((group) => seriesKey(group.series) === seriesKey(series))?.candles ?? [];
}

/** What waits for somebody. Younger gaps heal by themselves in most cases. */
async function countOpen(
  { db }: VerifyPorts,
  { exchange, symbols, tickMs }: VerifyInput,
): Promise<Pick<VerifyReport, 'findingsOpen' | 'gapsOpen' | 'tradeGapsOpen'>> {
  const week = { exchange, symbols, fromMs: tickMs - WEEK_MS, untilMs: tickMs + HOUR_MS };
  const [findings, gaps, tradeGaps] = await Promise.all([
    db.readOpenFindings(week),
    db.readCandleGaps({ ...week, fromMs: 0, states: ['open'] }),
    db.readTradeGaps({ ...week, fromMs: tickMs - DAY_MS }),
  ]);
  // What an exchange does not list is waited for by nobody.
  const isOld = ({ detectedAtMs }: { readonly detectedAtMs: number }): boolean => detectedAtMs <= tickMs - HOUR_MS;
  return {
    findingsOpen: findings.length,
    gapsOpen: gaps.filter((gap) => gap.reason !== 'not_listed' && isOld(gap)).length,
    tradeGapsOpen: tradeGaps.filter((gap) => gap.state === 'open' && isOld(gap)).length,
  };
}
