import { join } from 'node:path';
import { loadConfig } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import type { Trade } from '#core/trade.ts';
import type { QualitySettings } from '#domain/quality/quality-verdict.ts';
import { createTradeQuality } from '#domain/quality/trade-quality.ts';
import { crashes, lastingCrash, type Crash } from './quality-crashes.ts';
import { minuteCloses, priceOf, recordedTrades, seeded, syntheticMarch, type Input } from './quality-inputs.ts';

// What the checks of live trades flag of recorded trades, which are all true (false positives), and what they let pass of seeded faults
// (misses), for the thresholds of config/streaming.yaml and others around them. `npm run measure:quality`; figures in docs/data-quality.md.

const SEED = 20_261_122;
const FAULT_SHARE = 0.01;
const FAULT_PERCENTS = [0.5, 1, 2, 5, 10, 50, 900];
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

const chosen = loadConfig(join(import.meta.dirname, '..', 'config'), {}).streaming.quality;
/** Limits that nothing reaches. */
const NO_JUMP = { jumpPercent: 1e9 };
const NO_OUTLIER = { outlierFloorBps: 1e9 };
const NO_VENUES = { venueCount: 99 };
/** A close is compared with closes up to a minute older, which flags rather more than prices of one moment would. */
const BY_MINUTES = { venueFreshMs: MINUTE_MS };

type Misses = { readonly missed: number; readonly of: number };
type Variant = { readonly name: string; readonly settings: QualitySettings };

function variant(name: string, changes: Partial<QualitySettings> = {}): Variant {
  return { name, settings: { ...chosen, ...changes } };
}

const recorded = recordedTrades();
const madeUp = syntheticMarch();
const closes = minuteCloses();
const total = recorded.reduce((sum, { trades }) => sum + trades.length, 0);

console.log(`Node ${process.version}; chosen: ${JSON.stringify(chosen)}`);
console.log(`recorded: ${recorded.map(({ name, trades }) => `${name} (${trades.length})`).join(', ')}; together ${total}`);
speed();
singleChecks();
allTogether();
replays();
acrossVenues();
lastingVenueFaults();
crashing();

function speed(): void {
  const lists = recorded.slice(0, 2).map(({ trades }) => trades);
  const times: number[] = [];
  for (let round = 0; round < 15; round += 1) {
    const { check } = createTradeQuality(chosen);
    const startedAt = process.hrtime.bigint();
    for (const trades of lists) for (const trade of trades) check(trade, trade.eventTimeMs, 'stream');
    times.push(Number(process.hrtime.bigint() - startedAt) / lists.reduce((sum, { length }) => sum + length, 0));
  }
  console.log(
    `\nall checks: ${times.sort((a, b) => a - b)[7]?.toFixed(0)} ns a trade (Binance BTC/USDT and ETH/USDT, median of 15 rounds)`,
  );
}

function singleChecks(): void {
  console.log('\n# One check alone on recorded trades: false positives, then misses by size of the fault (% up or down)');
  console.log(`${'variant'.padEnd(34)} flagged  per million  made-up  ${FAULT_PERCENTS.map((one) => `${one} %`.padStart(7)).join(' ')}`);
  for (const percent of [2, 3, 5, 7, 10]) row(variant(`jump ${percent} %`, { jumpPercent: percent, ...NO_OUTLIER, ...NO_VENUES }));
  for (const [trades, spreads, floor] of [
    [51, 3, 16],
    [51, 4, 12],
    [51, 5, 10],
    [51, 10, 5],
    [51, 4, 6],
    [51, 4, 24],
    [31, 4, 12],
    [101, 4, 12],
  ] as const) {
    const window = { outlierTrades: trades, outlierSpreads: spreads, outlierFloorBps: floor };
    row(variant(`outlier ${trades} trades, ${spreads} x ${floor} bp`, { ...window, ...NO_JUMP, ...NO_VENUES }));
  }
}

function row({ name, settings }: Variant): void {
  const flagged = recorded.reduce((sum, input) => sum + flaggedOf(input, settings), 0);
  const ofMadeUp = madeUp.reduce((sum, input) => sum + flaggedOf(input, settings), 0);
  const misses = FAULT_PERCENTS.map((percent) => share(missesOf(recorded, settings, percent)));
  console.log(
    `${name.padEnd(34)} ${String(flagged).padStart(7)}  ${perMillion(flagged, total).padStart(11)}  ${String(ofMadeUp).padStart(7)}  ${misses.join(' ')}`,
  );
}

function allTogether(): void {
  console.log('\n# All checks together, as configured, by recording');
  for (const input of recorded) {
    const flagged = flaggedOf(input, chosen);
    const days = daysOf(input.trades);
    const misses = FAULT_PERCENTS.map((percent) => share(missesOf([input], chosen, percent)));
    const perDay = days < 0.2 ? '      -' : (flagged / days).toFixed(2).padStart(7);
    console.log(
      `${input.name.padEnd(34)} ${String(flagged).padStart(7)}  ${perMillion(flagged, input.trades.length).padStart(11)}           ${misses.join(' ')}  a day ${perDay}`,
    );
  }
  row(variant('together'));
  const beside = FAULT_PERCENTS.map((percent) => `${missesOf(recorded, chosen, percent).flagged} of ${total}`);
  console.log(`true trades flagged while one in a hundred is such a fault: ${beside.join(', ')}`);
}

function replays(): void {
  console.log('\n# Trades made up from the minutes of March 2023 (the peg is lost, bars up to 14 % wide)');
  for (const input of madeUp) {
    const flagged = flaggedOf(input, chosen);
    const percent = ((100 * flagged) / input.trades.length).toFixed(3);
    const { trades, ms } = longestRun(input, chosen);
    console.log(
      `${input.name.padEnd(34)} ${String(flagged).padStart(7)} of ${String(input.trades.length).padStart(6)} (${percent} %); longest in a row ${trades}, ${ms} ms`,
    );
  }
}

function acrossVenues(): void {
  console.log('\n# Other exchanges, on the minute closes of March 2023: flagged closes by market, and misses of a close that is wrong');
  for (const count of [2, 3]) {
    for (const percent of [0.25, 0.5, 1, 2, 3, 5]) {
      const { settings } = variant('', { venuePercent: percent, venueCount: count, ...BY_MINUTES, ...NO_JUMP, ...NO_OUTLIER });
      const flagged = byMarket(closes, settings);
      const misses = [0.5, 1, 2, 3, 5, 10].map((fault) => `${fault} %:${share(venueMisses(settings, fault))}`);
      console.log(`at ${count} exchanges, ${percent} %`.padEnd(24), flagged === '' ? 'none' : flagged, '| missed', misses.join(' '));
    }
  }
}

/** Wrong closes of BTC/USDT at Coinbase, one in a hundred, in minutes in which all three exchanges traded. */
function venueMisses(settings: QualitySettings, percent: number): Misses {
  const { check } = createTradeQuality(settings);
  const random = seeded(SEED);
  const traded = new Map<number, number>();
  for (const { symbol, eventTimeMs } of closes) if (symbol === 'BTC/USDT') traded.set(eventTimeMs, (traded.get(eventTimeMs) ?? 0) + 1);
  let [missed, of] = [0, 0];
  for (const [index, trade] of closes.entries()) {
    check(trade, trade.eventTimeMs, 'stream');
    // After the last of its minute, so that the others are there.
    if (closes[index + 1]?.eventTimeMs === trade.eventTimeMs || traded.get(trade.eventTimeMs) !== 3 || random() > FAULT_SHARE * 3) continue;
    const own = closes.findLast((one, at) => at <= index && one.exchange === 'coinbase' && one.symbol === 'BTC/USDT');
    if (own === undefined) continue;
    of += 1;
    const wrong = faultOf({ ...own, id: String(Number(own.id) + 1) }, percent, random);
    if (check(wrong, trade.eventTimeMs, 'stream').verdict === 'good') missed += 1;
  }
  return { missed, of };
}

/** One exchange is wrong for half an hour: what is flagged of it, and of the others. */
function lastingVenueFaults(): void {
  console.log('\n# BTC/USDT at Coinbase wrong from 12:00 to 12:30 of 2023-03-12 (minute closes): flagged of its closes, and of the others');
  const fromMs = Date.UTC(2023, 2, 12, 12);
  const own = (trade: Trade): boolean => trade.exchange === 'coinbase' && trade.symbol === 'BTC/USDT';
  const isWrong = (trade: Trade): boolean => own(trade) && trade.eventTimeMs >= fromMs && trade.eventTimeMs < fromMs + 30 * MINUTE_MS;
  const frozenAt = closes.findLast((trade) => own(trade) && trade.eventTimeMs < fromMs);
  const faults: readonly (readonly [string, (trade: Trade) => number])[] = [
    ...[1, 1.5, 2, 2.5, 3].map(
      (percent) => [`shifted by ${percent} %`, (trade: Trade) => Number(trade.price) * (1 + percent / 100)] as const,
    ),
    ['frozen', () => Number(frozenAt?.price)],
    ['frozen, BTC meanwhile falls by 4 %', () => Number(frozenAt?.price)],
  ];
  for (const [name, wrongPrice] of faults) {
    const falls = name.endsWith('4 %');
    const { check } = createTradeQuality({ ...chosen, ...BY_MINUTES });
    const flagged = { wrong: 0, ofWrong: 0, others: 0 };
    for (const trade of closes) {
      const fallen =
        falls && trade.eventTimeMs >= fromMs ? { ...trade, price: priceOf(Number(trade.price) * fallAt(trade, fromMs)) } : trade;
      const sent = isWrong(trade) ? { ...trade, price: priceOf(wrongPrice(trade)) } : fallen;
      const isFlagged = check(sent, trade.eventTimeMs, 'stream').verdict !== 'good';
      if (isWrong(trade)) flagged.ofWrong += 1;
      if (!isFlagged) continue;
      if (isWrong(trade)) flagged.wrong += 1;
      else if (trade.symbol === 'BTC/USDT' && Math.abs(trade.eventTimeMs - fromMs) < DAY_MS / 4) flagged.others += 1;
    }
    console.log(`${name.padEnd(36)} ${flagged.wrong} of ${flagged.ofWrong}; others ${flagged.others}`);
  }
}

/** By 4 % over twenty minutes. */
function fallAt({ symbol, eventTimeMs }: Trade, fromMs: number): number {
  return symbol.startsWith('BTC/') ? 1 - 0.04 * Math.min(1, (eventTimeMs - fromMs) / (20 * MINUTE_MS)) : 1;
}

function crashing(): void {
  console.log(
    '\n# Crashes: flagged trades in a row at most, and the longest time without a good one from the first flagged to the next good trade',
  );
  const cases: readonly Crash[] = [
    ...crashes(),
    ...[2, 5, 8.7, 15, 30, 50, 90].map((percent) => lastingCrash(recorded[0]?.trades ?? [], percent)),
  ];
  for (const { name, trades, source } of cases) {
    const longest = longestRun({ name, source, trades }, chosen);
    const flagged = flaggedOf({ name, source, trades }, chosen);
    console.log(`${name.padEnd(58)} ${flagged} flagged of ${trades.length}; longest ${longest.trades} trades, ${longest.ms} ms`);
  }
}

function flaggedOf({ trades, source }: Input, settings: QualitySettings): number {
  const { check } = createTradeQuality(settings);
  return trades.filter((trade) => check(trade, trade.eventTimeMs, source).verdict !== 'good').length;
}

function missesOf(inputs: readonly Input[], settings: QualitySettings, percent: number): Misses & { readonly flagged: number } {
  const random = seeded(SEED);
  let [missed, of, flagged] = [0, 0, 0];
  for (const { trades, source } of inputs) {
    const { check } = createTradeQuality(settings);
    for (const [index, trade] of trades.entries()) {
      const isFaulty = index > settings.outlierTrades && random() < FAULT_SHARE;
      if (isFaulty) of += 1;
      if (isFaulty && check(faultOf(trade, percent, random), trade.eventTimeMs, source).verdict === 'good') missed += 1;
      if (check(trade, trade.eventTimeMs, source).verdict !== 'good') flagged += 1;
    }
  }
  return { missed, of, flagged };
}

/** The trade with a price that is wrong by so much, as likely up as down, a moment earlier in the line of ids. */
function faultOf(trade: Trade, percent: number, random: () => number): Trade {
  const factor = 1 + percent / 100;
  const price = Number(trade.price) * (random() < 0.5 ? factor : 1 / factor);
  return { ...trade, id: String(Number(trade.id) - 0.5), price: priceOf(price) };
}

function longestRun({ trades, source }: Input, settings: QualitySettings): { readonly trades: number; readonly ms: number } {
  const { check } = createTradeQuality(settings);
  let [run, longest, sinceMs, longestMs] = [0, 0, 0, 0];
  for (const trade of trades) {
    const isGood = check(trade, trade.eventTimeMs, source).verdict === 'good';
    if (isGood && run > 0) longestMs = Math.max(longestMs, trade.eventTimeMs - sinceMs);
    if (!isGood && run === 0) sinceMs = trade.eventTimeMs;
    run = isGood ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  return { trades: longest, ms: longestMs };
}

function byMarket(trades: readonly Trade[], settings: QualitySettings): string {
  const { check } = createTradeQuality(settings);
  const flagged = new Map<string, number>();
  for (const trade of trades) {
    if (check(trade, trade.eventTimeMs, 'stream').verdict === 'good') continue;
    const market = marketOf(trade.exchange, trade.symbol);
    flagged.set(market, (flagged.get(market) ?? 0) + 1);
  }
  return [...flagged].map(([market, count]) => `${market} ${count}`).join(', ');
}

function marketOf(exchange: Exchange, symbol: string): string {
  return `${exchange} ${symbol} (of ${closes.filter((one) => one.exchange === exchange && one.symbol === symbol).length})`;
}

function daysOf(trades: readonly Trade[]): number {
  return ((trades.at(-1)?.eventTimeMs ?? 0) - (trades[0]?.eventTimeMs ?? 0)) / DAY_MS;
}

function perMillion(count: number, of: number): string {
  return ((1e6 * count) / of).toFixed(0);
}

function share({ missed, of }: Misses): string {
  return `${((100 * missed) / of).toFixed(1)} %`.padStart(7);
}
