import { describe, expect, test } from 'vitest';
import { DeadlineError, withDeadline } from '#std/deadline.ts';
import { handTimer } from './hand-timer.ts';

describe('withDeadline', () => {
  const setup = () => {
    const timer = handTimer();
    return { timer, deadline: { timer, deadlineMs: 500, what: 'the store' } };
  };

  test('gives the result and forgets the timer', async () => {
    const { timer, deadline } = setup();
    expect(await withDeadline(deadline, async () => 'result')).toBe('result');
    expect(timer.pending()).toBe(0);
  });

  test('gives the failure as it is and forgets the timer', async () => {
    const { timer, deadline } = setup();
    const failure = new Error('refused');
    await expect(withDeadline(deadline, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(timer.pending()).toBe(0);
  });

  test('rejects at the deadline, not before, naming what was waited for', async () => {
    const { timer, deadline } = setup();
    let outcome: unknown = 'waiting';
    const call = withDeadline(deadline, () => new Promise(() => {})).catch((error: unknown) => (outcome = error));
    timer.advance(499);
    await Promise.resolve();
    expect(outcome).toBe('waiting');
    timer.advance(1);
    await call;
    expect(outcome).toBeInstanceOf(DeadlineError);
    expect(outcome).toMatchObject({
      name: 'DeadlineError',
      code: 'DEADLINE',
      retryable: true,
      message: 'the store gave no answer within 500 ms',
    });
  });

  test('tells the work at the deadline to let go, with the same error', async () => {
    const { timer, deadline } = setup();
    let signal: AbortSignal | undefined;
    const call = withDeadline(deadline, (given) => {
      signal = given;
      return new Promise(() => {});
    });
    expect(signal?.aborted).toBe(false);
    timer.advance(500);
    const error = await call.catch((reason: unknown) => reason);
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toBe(error);
  });

  test('drops what comes late, result or failure', async () => {
    const { timer, deadline } = setup();
    for (const settle of ['resolve', 'reject'] as const) {
      const work = Promise.withResolvers<string>();
      const call = withDeadline(deadline, () => work.promise);
      timer.advance(500);
      work[settle]('late');
      await expect(call).rejects.toBeInstanceOf(DeadlineError);
    }
  });

  test('does not abort work that came in time', async () => {
    const { timer, deadline } = setup();
    let signal: AbortSignal | undefined;
    await withDeadline(deadline, async (given) => {
      signal = given;
    });
    timer.advance(1000);
    expect(signal?.aborted).toBe(false);
  });
});
