import { describe, expect, test } from 'vitest';
import { formatServiceLine } from '#local/log-text.ts';

const line = {
  timeMs: Date.parse('2026-11-22T21:59:13.984Z'),
  level: 'info',
  service: 'sync',
  event: 'synced',
  exchange: 'kraken',
  facts: { tick: '2026-11-22T21:59:00.000Z', series: 15, fetched: 4215, refused: 0, failure: null, poisoned: [] },
} as const;

describe('a line for people', () => {
  test('says when, how bad, who about what, and what is not nothing', () => {
    expect(formatServiceLine(line)).toBe('21:59:13 info  sync kraken: synced tick=21:59 series=15 fetched=4215');
  });

  test('about no exchange names none, and nested facts are JSON', () => {
    expect(formatServiceLine({ ...line, level: 'error', exchange: null, facts: { error: { name: 'StoreError' } } })).toBe(
      '21:59:13 error sync: synced error={"name":"StoreError"}',
    );
  });

  test('cannot move the cursor of a terminal', () => {
    expect(formatServiceLine({ ...line, event: 'a\u001B[2Jb\r\nc', facts: { reason: 'x\u0007y' } })).toBe(
      '21:59:13 info  sync kraken: a [2Jb  c reason=x y',
    );
  });
});
