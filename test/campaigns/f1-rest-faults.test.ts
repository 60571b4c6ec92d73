import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FaultRule } from '#core/fault-plan.ts';
import type { RecordingManifest } from '#core/recording.ts';
import { mapConcurrent } from '#std/map-concurrent.ts';
import { faultRule } from '../recorded-exchange/fault-rules.ts';
import { DEADLINE_MS, runFaultCase, type CaseResult } from './fault-case.ts';
import { madeVenue, MINUTE } from './made-venue.ts';

// Campaign F1: what an exchange's REST can do wrong, at each page of a catch-up, once, for three ticks and for thirty.

const VENUES = ['binance', 'coinbase', 'kraken'] as const;
const FIRST_TICK = Date.UTC(2023, 2, 11, 12);

/** What stalls is waited for a fiftieth of production's deadline; those cases cost time, not work, so that more of them go side by side. */
const STALLS: Readonly<Record<string, FaultRule>> = {
  'headers that do not come': faultRule('stall_headers'),
  'a body that stalls': faultRule('stall_body'),
  'a body that drips': faultRule('drip'),
};

const MODES: Readonly<Record<string, FaultRule>> = {
  'a reset before the answer': faultRule('reset'),
  'a cut in the body': faultRule('cut'),
  '429 without a time': faultRule('status', { status: 429 }),
  '429 for 17 seconds': faultRule('status', { status: 429, retryAfter: '17' }),
  'a ban': faultRule('status', { status: 418 }),
  'a firewall': faultRule('status', { status: 403 }),
  'a blocked region': faultRule('status', { status: 451 }),
  'an inner error': faultRule('status', { status: 500 }),
  maintenance: faultRule('status', { status: 503, retryAfter: 'later' }),
  'a redirect': faultRule('status', { status: 302 }),
  'a page with status 200': faultRule('page'),
  'an empty body': faultRule('empty_body'),
  null: faultRule('null_body'),
  'a word': faultRule('word_body'),
  'an empty object': faultRule('empty_object'),
  'no rows': faultRule('no_rows'),
  'JSON that breaks off': faultRule('truncated'),
  'a small body that unpacks into a huge one': faultRule('gzip_bomb'),
  'packing that is none': faultRule('wrong_encoding'),
  'an error in the exchange’s words': faultRule('own_error'),
  'rows without their close': faultRule('missing_field'),
  'a row whose volume is null': faultRule('null_field', { field: 'volume', rows: 1 }),
  'rows whose close is NaN': faultRule('word_field', { rows: 3 }),
  'highs below lows': faultRule('high_below_low', { rows: 2 }),
  'times in another unit': faultRule('time_unit', { factor: 1000 }),
  'rows twice': faultRule('duplicate_rows'),
  'rows in any order': faultRule('shuffled_rows'),
  'rows that are lost': faultRule('lost_rows', { rows: 7 }),
};

const LENGTHS = [
  { name: 'once', ticks: 1, times: 1 },
  { name: 'for 3 ticks', ticks: 3, times: null },
  { name: 'for 30 ticks', ticks: 30, times: null },
] as const;
const PAGES = [0, 1, 2] as const;

const directory = mkdtempSync(join(tmpdir(), 'tidemark-f1-'));
const recordings = new Map<string, RecordingManifest>();
beforeAll(() => {
  for (const venue of VENUES) recordings.set(venue, madeVenue(directory, venue, FIRST_TICK - 141 * MINUTE, 641));
});
afterAll(() => rmSync(directory, { recursive: true }));

type Case = { readonly name: string; readonly result: CaseResult };

async function runAll(modes: Readonly<Record<string, FaultRule>>, concurrency: number, deadlineMs: number): Promise<readonly Case[]> {
  const cases = Object.entries(modes).flatMap(([mode, rule]) =>
    VENUES.flatMap((venue) => PAGES.flatMap((page) => LENGTHS.map((length) => ({ mode, rule, venue, page, length })))),
  );
  return await mapConcurrent(cases, concurrency, async ({ mode, rule, venue, page, length }) => ({
    name: `${mode}, ${venue}, page ${page + 1}, ${length.name}`,
    result: await runFaultCase({
      recording: recordings.get(venue) as RecordingManifest,
      exchange: venue,
      rule: { ...rule, after: page, times: length.times },
      ticks: length.ticks,
      firstTickMs: FIRST_TICK,
      deadlineMs,
    }),
  }));
}

test(
  'F1: no fault of an exchange’s REST costs, doubles or spoils a candle, and all are there two ticks after it',
  { timeout: 180_000 },
  async () => {
    const cases = [...(await runAll(MODES, 6, DEADLINE_MS)), ...(await runAll(STALLS, 16, DEADLINE_MS / 50))];
    const sum = (count: (result: CaseResult) => number): number => cases.reduce((total, { result }) => total + count(result), 0);
    const slowest = Math.max(...cases.map(({ result }) => result.recoveryTicks));
    process.stdout.write(
      `F1: ${cases.length} cases, ${sum(({ injected }) => injected)} faults injected, ${sum(({ lost }) => lost)} candles lost, ` +
        `${sum(({ duplicates }) => duplicates)} duplicates, ${sum(({ wrong }) => wrong)} wrong, ${sum(({ openAsClosed }) => openAsClosed)} open stored as closed, ` +
        `recovery at most ${slowest} ticks\n`,
    );
    const bad = cases.filter(
      ({ result }) =>
        result.lost + result.duplicates + result.wrong + result.openAsClosed + result.pagesOverAsked + result.askedInPause > 0 ||
        result.recoveryTicks > 2,
    );
    expect(bad).toEqual([]);
    // A fault that never happened proves nothing.
    expect(cases.filter(({ result }) => result.injected === 0)).toEqual([]);
    expect(cases).toHaveLength(837);
  },
);
