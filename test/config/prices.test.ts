import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { loadPrices } from '#config/prices.ts';

const GOOD = readFileSync('config/prices.yaml', 'utf8');
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function problemOf(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'prices-'));
  folders.push(folder);
  const file = join(folder, 'prices.yaml');
  writeFileSync(file, text);
  try {
    loadPrices(file);
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder}/`, '');
  }
  return '';
}

describe('the table of prices', () => {
  test('is read with its date, its source and its regions', () => {
    const prices = loadPrices('config/prices.yaml');
    expect([prices.date, Object.keys(prices.regions), prices.ec2Hour['t4g.large']]).toEqual([
      '2026-11-22',
      ['us-east-1', 'eu-west-1', 'ap-northeast-1'],
      0.0672,
    ]);
    expect(prices.source.length).toBeGreaterThan(20);
  });

  test.each([
    [
      'a negative price',
      GOOD.replace('metric: 0.3', 'metric: -0.3'),
      'prices.yaml: metric is "-0.3", expected dollars, a number from 0 to 100000; correct the value',
    ],
    [
      'a price in words',
      GOOD.replace('metric: 0.3', 'metric: cheap'),
      'prices.yaml: metric is "cheap", expected dollars, a number from 0 to 100000; correct the value',
    ],
    ['no date', GOOD.replace(/^date: .*$/m, ''), 'prices.yaml: date is missing, expected a day such as 2026-11-22; add it'],
    [
      'a factor of nothing',
      GOOD.replace('factor: 1.1', 'factor: 0'),
      'prices.yaml: regions.eu-west-1.factor is "0", expected a number from 0.5 to 3; correct the value',
    ],
  ])('with %s is refused', (_what, text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });
});
