import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { endCommands, on, ROOT, temporaryFolder, tidemark, type Report } from './support/command.ts';
import { expectedCandles } from './support/recorded-truth.ts';
import { difference, NO_DIFFERENCE, storedCandles } from './support/stored.ts';

afterEach(endCommands);

const FROM = '2023-03-11T00:00:00Z';
const UNTIL = '2023-03-11T00:32:00Z';
const [BEGIN, END] = ['2023-03-11T00:05:00Z', '2023-03-11T00:20:00Z'];

const PLAN = `
seed: 11
faults:
  - { mode: outage, exchange: coinbase, from: ${BEGIN}, until: 2023-03-11T00:12:00Z }
  - { mode: status, status: 429, retry_after: 17, probability: 0.02, from: ${BEGIN}, until: ${END} }
  - { mode: page, probability: 0.1, from: ${BEGIN}, until: ${END} }
  - { mode: cut, probability: 0.1, from: ${BEGIN}, until: ${END} }
  - { mode: stall_body, probability: 0.01, from: ${BEGIN}, until: ${END} }
  - { mode: lost_rows, rows: 2, probability: 0.3, from: ${BEGIN}, until: ${END} }
  - { mode: late_rows, probability: 0.3, from: ${BEGIN}, until: ${END} }
  - { mode: null_field, field: volume, rows: 1, probability: 0.2, from: ${BEGIN}, until: ${END} }
  - { mode: duplicate_rows, probability: 0.2, from: ${BEGIN}, until: ${END} }
  - { mode: shuffled_rows, probability: 0.2, from: ${BEGIN}, until: ${END} }
`;

test('npm start against exchanges that fail for a quarter of an hour holds every candle soon after, and says what was injected', async () => {
  const data = temporaryFolder();
  const plan = join(data, 'faults.yaml');
  writeFileSync(plan, PLAN);
  const { code, stdout, stderr } = await tidemark(
    ['start', ...on(data), '--from', FROM, '--until', UNTIL, '--speed', 'max', '--fresh', '--json', '--faults', plan],
    { environment: { TIDEMARK_SYNC__REQUEST_DEADLINE_MS: '1000' } },
  ).ended;
  // What went wrong on the way is reported: that is what the exit code says.
  expect([code, stderr]).toEqual([1, expect.stringContaining('faults injected: ') as unknown]);
  const report = JSON.parse(stdout) as Report & { readonly faultsInjected: Readonly<Record<string, number>> };
  const modes = [
    'outage',
    'status',
    'page',
    'cut',
    'stall_body',
    'lost_rows',
    'late_rows',
    'null_field',
    'duplicate_rows',
    'shuffled_rows',
  ];
  expect(Object.keys(report.faultsInjected).toSorted()).toEqual(modes.toSorted());
  const expected = expectedCandles(join(ROOT, 'recordings'), { fromMs: Date.parse(FROM), untilMs: Date.parse(UNTIL), backfill: 300 });
  expect(difference([...expected.values()].flat(), await storedCandles(data))).toEqual(NO_DIFFERENCE);
});
