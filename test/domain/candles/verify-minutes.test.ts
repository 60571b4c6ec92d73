import { expect, test } from 'vitest';
import type { Candle, Finality, StoredCandle } from '#core/candle.ts';
import type { Decimal } from '#core/decimal.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { TradeMinute } from '#core/trade-minute.ts';
import { candleVersion, fetchedAtMs, finalityOf, TRADES_SOURCE_RANK } from '#domain/candles/version.ts';
import { verifyMinutes } from '#domain/candles/verify-minutes.ts';

const OPEN = Date.UTC(2023, 2, 11);
const FETCHED = OPEN + 63_000;
const figures = { open: '10' as Decimal, high: '12' as Decimal, low: '9' as Decimal, close: '11' as Decimal, volume: '1.5' as Decimal };

const stored = (given: Partial<Candle> = {}, finality: Finality = 'closed'): StoredCandle => ({
  openTimeMs: OPEN,
  ...figures,
  quoteVolume: null,
  tradeCount: null,
  version: candleVersion({ finality, sourceRank: 8, fetchedAtMs: FETCHED, sequence: 0 }),
  ...given,
});
const archived = (given: Partial<Candle> = {}): Candle => ({
  openTimeMs: OPEN,
  ...figures,
  quoteVolume: null,
  tradeCount: 3,
  ...given,
});
const minute = (given: Partial<TradeMinute> = {}): TradeMinute => ({
  exchange: 'kraken',
  symbol: 'BTC/USD' as MarketSymbol,
  openTimeMs: OPEN,
  firstId: 7n,
  lastId: 9n,
  tradeCount: 3,
  ...figures,
  isComplete: true,
  isSynthetic: false,
  updatedAtMs: OPEN,
  ...given,
});

test('three witnesses that agree prove a candle, which keeps its time of fetch', () => {
  const { proven, disagreements, compared, ...counts } = verifyMinutes({
    candles: [stored()],
    minutes: [minute()],
    archived: [archived()],
  });
  expect(compared).toEqual([OPEN]);
  expect(counts).toEqual({ candles: 1, witnessed: 1, agreed: 1, verified: 1 });
  expect(disagreements).toEqual([]);
  expect(proven.map(({ version }) => [finalityOf(version), fetchedAtMs(version)])).toEqual([['verified', FETCHED]]);
  expect(proven).toEqual([{ ...stored(), version: proven[0]?.version }]);
});

test('a candle that was made from trades is not proven by them', () => {
  const version = candleVersion({ finality: 'closed', sourceRank: TRADES_SOURCE_RANK, fetchedAtMs: FETCHED, sequence: 0 });
  const verdicts = verifyMinutes({ candles: [{ ...stored(), version }], minutes: [minute()], archived: [archived()] });
  expect(verdicts).toEqual({ candles: 1, witnessed: 1, agreed: 1, verified: 0, proven: [], disagreements: [], compared: [OPEN] });
});

test.each<Finality>(['verified', 'revised'])('a candle that is %s already is not written again', (finality) => {
  const verdicts = verifyMinutes({ candles: [stored({}, finality)], minutes: [minute()], archived: [archived()] });
  expect(verdicts).toMatchObject({ verified: 1, proven: [], disagreements: [] });
});

test.each<[string, Partial<TradeMinute>]>([
  ['of which a trade may be missing', { isComplete: false }],
  ['whose trades were made up', { isSynthetic: true }],
])('a minute %s is no witness, whatever it says', (_which, given) => {
  const verdicts = verifyMinutes({ candles: [stored()], minutes: [minute({ close: '1' as Decimal, ...given })], archived: [archived()] });
  expect(verdicts).toEqual({ candles: 1, witnessed: 0, agreed: 0, verified: 0, proven: [], disagreements: [], compared: [] });
});

test('a candle that its trades do not give is a finding with every value', () => {
  const wrong = { high: '13' as Decimal, volume: '2' as Decimal };
  const {
    disagreements,
    proven,
    compared: _compared,
    ...counts
  } = verifyMinutes({ candles: [stored(wrong)], minutes: [minute()], archived: [archived()] });
  expect({ ...counts, proven }).toEqual({ candles: 1, witnessed: 1, agreed: 0, verified: 0, proven: [] });
  expect(disagreements).toEqual([
    { openTimeMs: OPEN, witness: 'stream', message: 'high 13, its 3 trades say 12; volume 2, its 3 trades say 1.5' },
  ]);
});

test('trades without a candle are a finding', () => {
  const { disagreements } = verifyMinutes({ candles: [], minutes: [minute()], archived: [archived()] });
  expect(disagreements).toEqual([{ openTimeMs: OPEN, witness: 'stream', message: 'no candle, but the stream saw 3 trades' }]);
});

test.each<[string, readonly Candle[], string]>([
  ['nothing', [], 'the archive has 0 of the 3 trades 7 to 9'],
  ['one trade less', [archived({ tradeCount: 2, volume: '1' as Decimal })], 'the archive has 2 of the 3 trades 7 to 9'],
  ['another price', [archived({ low: '8' as Decimal })], 'low 8 in the archive, 9 in the stream'],
  [
    'other prices',
    [archived({ open: '9' as Decimal, low: '8' as Decimal })],
    'open 9 in the archive, 10 in the stream; low 8 in the archive, 9 in the stream',
  ],
])('an archive with %s is a finding, and the candle stays closed', (_what, kept, message) => {
  const { disagreements, compared: _compared, ...others } = verifyMinutes({ candles: [stored()], minutes: [minute()], archived: kept });
  expect(others).toEqual({ candles: 1, witnessed: 1, agreed: 1, verified: 0, proven: [] });
  expect(disagreements).toEqual([{ openTimeMs: OPEN, witness: 'archive', message }]);
});
