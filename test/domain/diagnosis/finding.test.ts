import { expect, test } from 'vitest';
import { bySeverity, good } from '#domain/diagnosis/finding.ts';

test('findings come worst first, and as they were found within a severity', () => {
  const all = (['good', 'unknown', 'error', 'warning', 'error'] as const).map((severity, index) => ({
    ...good(String(index), ''),
    severity,
  }));
  expect(bySeverity(all).map(({ check }) => check)).toEqual(['2', '4', '3', '1', '0']);
});
