import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { untilAborted } from '#local/stop-signal.ts';

const ROOT = join(import.meta.dirname, '../..');

/** A process that waits for its signal; `after` is what it does then. */
function waiting(after: string) {
  const script = `
    const { createStopSignal, untilAborted } = await import('./local/stop-signal.ts');
    const signal = createStopSignal();
    const alive = setInterval(() => {}, 60_000);
    console.log('waits');
    await untilAborted(signal);
    console.log('stops');
    ${after}
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [out, errors] = ['', ''];
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  const ended = new Promise<number | null>((resolve) => {
    child.on('exit', (code) => resolve(code));
  });
  const said = async (text: string): Promise<void> => {
    if (out.includes(text)) return;
    await new Promise<void>((resolve) => {
      child.stdout.on('data', () => (out.includes(text) ? resolve() : undefined));
    });
  };
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  return { child, ended, said, errors: () => errors };
}

describe('a process with a stop signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('ends in good order at the first %s', async (name) => {
    const { child, ended, said } = waiting('clearInterval(alive);');
    await said('waits');
    child.kill(name);
    expect(await ended).toBe(0);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends at once at the second %s', async (name, code) => {
    const { child, ended, said } = waiting('');
    await said('waits');
    child.kill(name);
    await said('stops');
    child.kill(name);
    expect(await ended).toBe(code);
  });

  test('ends also when something hangs, within five seconds, and says so', async () => {
    const { child, ended, said, errors } = waiting('');
    await said('waits');
    const startedMs = performance.now();
    child.kill('SIGTERM');
    expect(await ended).toBeNull();
    expect(performance.now() - startedMs).toBeLessThan(5500);
    expect(errors()).toBe('tidemark: something did not end in time; the process is ended, the store is intact\n');
  });
});

describe('untilAborted', () => {
  test('resolves at once when the signal has aborted already', async () => {
    await expect(untilAborted(AbortSignal.abort())).resolves.toBeUndefined();
  });

  test('resolves when it aborts, and not before', async () => {
    const stop = new AbortController();
    let isOver = false;
    const over = untilAborted(stop.signal).then(() => (isOver = true));
    await Promise.resolve();
    expect(isOver).toBe(false);
    stop.abort();
    await over;
    expect(isOver).toBe(true);
  });
});
