import { describe, expect, test } from 'vitest';
import { createConsoleOutput, type ConsoleOutput } from '#local/console-output.ts';

const CLEAR = '\r\u001B[K';

function output(stream: { isTTY?: boolean; columns?: number }): {
  readonly out: ConsoleOutput;
  readonly written: string[];
  readonly at: (timeMs: number) => void;
} {
  const written: string[] = [];
  let nowMs = 0;
  const write = (text: unknown): boolean => {
    written.push(String(text));
    return true;
  };
  return {
    out: createConsoleOutput({ ...stream, write }, () => nowMs),
    written,
    at(timeMs) {
      nowMs = timeMs;
    },
  };
}

describe('on a terminal', () => {
  test('a line is a line', () => {
    const { out, written } = output({ isTTY: true, columns: 80 });
    out.line('Tidemark');
    out.line('runs');
    expect(written).toEqual(['Tidemark\n', 'runs\n']);
  });

  test('progress is a bar that is drawn over itself, and cleared by the next line', () => {
    const { out, written } = output({ isTTY: true, columns: 80 });
    out.progress('series', 1, 4);
    out.progress('series', 4, 4);
    out.line('done');
    out.line('next');
    expect(written).toEqual([
      `${CLEAR}[${'█'.repeat(6)}${'·'.repeat(18)}] 1/4 series`,
      `${CLEAR}[${'█'.repeat(24)}] 4/4 series`,
      `${CLEAR}done\n`,
      'next\n',
    ]);
  });

  test('progress of nothing is complete', () => {
    const { out, written } = output({ isTTY: true });
    out.progress('series', 0, 0);
    expect(written).toEqual([`${CLEAR}[${'█'.repeat(24)}] 0/0 series`]);
  });

  test('a status never fills the last column, because a wrapped line cannot be drawn over', () => {
    const { out, written } = output({ isTTY: true, columns: 40 });
    out.status('x'.repeat(100));
    expect(written).toEqual([`${CLEAR}${'x'.repeat(39)}`]);
  });
});

describe('in a pipe', () => {
  test('nothing moves the cursor', () => {
    const { out, written } = output({});
    out.line('Tidemark');
    out.progress('series', 1, 1);
    out.status('tick');
    expect(written).toEqual(['Tidemark\n', '1 of 1 series\n', 'tick\n']);
  });

  test('progress is told at the start, at each quarter and at the end, once each', () => {
    const { out, written } = output({ isTTY: false });
    for (let done = 0; done <= 100; done++) out.progress('series', done, 100);
    expect(written).toEqual([0, 25, 50, 75, 100].map((done) => `${done} of 100 series\n`));
  });

  test.each([1, 2, 3, 5, 7, 11, 1000])('progress of %i ends with all of them', (total) => {
    const { out, written } = output({});
    for (let done = 0; done <= total; done++) out.progress('series', done, total);
    expect(written.at(-1)).toBe(`${total} of ${total} series\n`);
    expect(written.length).toBeLessThanOrEqual(6);
  });

  test('a status is told every ten seconds at most', () => {
    const { out, written, at } = output({});
    for (let second = 0; second <= 25; second++) {
      at(second * 1000);
      out.status(`second ${second}`);
    }
    expect(written).toEqual(['second 0\n', 'second 10\n', 'second 20\n']);
  });
});
