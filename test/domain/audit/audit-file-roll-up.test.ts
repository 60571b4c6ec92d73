import { describe, expect, test } from 'vitest';
import { auditFileRollUp } from '#domain/audit/audit-file-roll-up.ts';
import type { CandleRow } from '#domain/audit/recording-row.ts';
import { columnsOf, FIRST_MS, MINUTE_MS, rows } from './made-columns.ts';

const FIVE_MS = 5 * MINUTE_MS;

/** What five minutes add up to, by hand. */
function fives(minutes: readonly CandleRow[]): readonly CandleRow[] {
  return Array.from(Map.groupBy(minutes, ({ openTimeMs }) => Math.floor(openTimeMs / FIVE_MS) * FIVE_MS)).map(([openTimeMs, group]) => ({
    symbol: '',
    openTimeMs,
    open: group[0]!.open,
    high: Math.max(...group.map(({ high }) => high)),
    low: Math.min(...group.map(({ low }) => low)),
    close: group.at(-1)!.close,
    volume: group.reduce((sum, { volume }) => sum + volume, 0),
    trades: null,
  }));
}

const audit = (longer: readonly CandleRow[], shorter: readonly CandleRow[]) =>
  auditFileRollUp({ longer: columnsOf(longer), longerMs: FIVE_MS, shorter: columnsOf(shorter), shorterMs: MINUTE_MS });
const changed = (all: readonly CandleRow[], at: number, facts: Partial<CandleRow>): readonly CandleRow[] =>
  all.map((one, i) => (i === at ? { ...one, ...facts } : one));

test('longer candles that are what the shorter ones add up to have no findings, noise of doubles aside', () => {
  const minutes = rows(0, 20);
  expect(audit(fives(minutes), minutes)).toEqual({ compared: 4, equal: 4, findings: [] });
  expect(audit(changed(fives(minutes), 1, { volume: 7.5000000001 }), minutes)).toMatchObject({ equal: 4 });
});

test('steps without a row are no fault of the sum', () => {
  const minutes = rows(0, 20).filter((_, i) => i % 5 !== 2);
  expect(audit(fives(minutes), minutes)).toEqual({ compared: 4, equal: 4, findings: [] });
});

describe('a longer candle that differs', () => {
  const minutes = rows(0, 20);

  test('was read before it had closed where it has less volume and no price beyond', () => {
    const { compared, equal, findings } = audit(changed(fives(minutes), 2, { volume: 3, close: 104 }), minutes);
    expect([compared, equal]).toEqual([4, 3]);
    expect(findings).toEqual([
      {
        check: 'frozen',
        fromMs: FIRST_MS + 2 * FIVE_MS,
        toMs: FIRST_MS + 2 * FIVE_MS,
        count: 1,
        message: 'close 104, its 1m rows say 101; volume 3, its 1m rows say 7.5: read before it had closed',
      },
    ]);
  });

  test('tells of shorter ones that are missing or were open where it has more', () => {
    const { findings } = audit(
      fives(minutes),
      minutes.filter((_, i) => i !== 7),
    );
    expect(findings).toMatchObject([{ check: 'frozen', fromMs: FIRST_MS + FIVE_MS, count: 1 }]);
    expect(findings[0]?.message).toMatch(/rows of them are missing, or were read before they had closed$/);
  });

  test('is another fault where it can be neither', () => {
    expect(audit(changed(fives(minutes), 2, { open: 90, low: 90 }), minutes).findings).toMatchObject([{ check: 'roll-up', count: 1 }]);
  });

  test.each<[string, Partial<CandleRow>]>([
    ['less volume and a higher high', { volume: 3, high: 1000 }],
    ['less volume and a lower low', { volume: 3, low: 1 }],
    ['the same volume and another close', { close: 104 }],
    ['more volume and a lower high', { volume: 9, high: 104 }],
  ])('by %s is a fault of another kind', (_what, facts) => {
    const { findings } = audit(changed(fives(minutes), 2, facts), minutes);
    expect(findings).toMatchObject([{ check: 'roll-up', fromMs: FIRST_MS + 2 * FIVE_MS, count: 1 }]);
    expect(findings[0]?.message).not.toContain('closed');
  });

  test('is told figure by figure, and neighbours are one finding', () => {
    const all = changed(changed(fives(minutes), 1, { open: 1, high: 1, low: 1, close: 1, volume: 1 }), 2, { open: 1 });
    const { findings, compared, equal } = audit(all, minutes);
    expect([compared, equal]).toEqual([4, 2]);
    expect(findings).toEqual([
      {
        check: 'roll-up',
        fromMs: FIRST_MS + FIVE_MS,
        toMs: FIRST_MS + 2 * FIVE_MS,
        count: 2,
        message:
          'open 1, its 1m rows say 105; high 1, its 1m rows say 108; low 1, its 1m rows say 98; close 1, its 1m rows say 103; volume 1, its 1m rows say 7.5',
      },
    ]);
  });

  test('is cut at an end of the shorter ones, and no fault there', () => {
    const all = fives(rows(0, 20));
    expect(audit(all, rows(2, 16))).toEqual({ compared: 2, equal: 2, findings: [] });
  });
});

test('the rule by which more candles agree is the rule of the source for steps without a trade', () => {
  const minutes = rows(0, 20).map((one, i) => (i % 5 === 0 ? { ...one, open: 50, high: 50, low: 50, close: 50, volume: 0 } : one));
  const traded = fives(minutes.filter(({ volume }) => volume > 0));
  expect(audit(traded, minutes)).toEqual({ compared: 4, equal: 4, findings: [] });
  expect(audit(fives(minutes), minutes)).toEqual({ compared: 4, equal: 4, findings: [] });
  expect(audit([...traded.slice(0, 3), ...fives(minutes).slice(3)], minutes)).toMatchObject({ compared: 4, equal: 3 });
});
