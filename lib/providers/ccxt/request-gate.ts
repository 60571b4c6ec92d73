import { ExchangeError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Random } from '#core/ports/random.ts';
import type { Timer } from '#core/ports/timer.ts';
import { createPacer } from '#std/pacer.ts';
import { withRetries } from '#std/retry.ts';
import { badPayload, toExchangeError } from './exchange-errors.ts';
import { isPausing, type ExchangePause } from './exchange-pause.ts';
import type { Protocol } from './protocol.ts';

export type RequestGateOptions = {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  /** Of one request; no further attempt begins once so much time has passed since the first one. */
  readonly deadlineMs: number;
  readonly pause: ExchangePause;
  readonly pace: Protocol['pace'];
};

type Wanted = {
  /** Names the answer in errors. */
  readonly what: string;
  /** Absent where the request is about no single market. */
  readonly marketId?: string;
  readonly areTrades?: boolean;
};

/** Runs `work`, whose null means no usable answer. Rejects with `ExchangeError` only. */
export type RequestGate = <T>(wanted: Wanted, work: () => Promise<T | null>) => Promise<T>;

const ATTEMPTS = 3;
const FIRST_DELAY_MS = 500;

/** Every request goes through here: paced, never during a pause, and tried again where its error allows that. */
export function createRequestGate(options: RequestGateOptions): RequestGate {
  const { exchange, clock, timer, random, deadlineMs, pause, pace } = options;
  const pacer = createPacer(clock, pace.intervalMs);
  const tradesPacer = createPacer(clock, pace.tradesIntervalMs);
  // A pause has begun then: the next attempt belongs to another tick.
  const mayRetry = (error: unknown): boolean => error instanceof ExchangeError && error.retryable && !isPausing(error.code);
  const policy = { clock, timer, random, attempts: ATTEMPTS, budgetMs: deadlineMs, firstDelayMs: FIRST_DELAY_MS, mayRetry };
  return (wanted, work) =>
    withRetries(policy, async () => {
      pause.refuseWhilePaused();
      await (wanted.areTrades === true ? tradesPacer : pacer).start(pace.perMarket ? (wanted.marketId ?? '') : '');
      try {
        const answer = await work();
        if (answer === null) throw badPayload(exchange, wanted.what);
        return answer;
      } catch (error) {
        const failure = toExchangeError(exchange, wanted.what, error);
        await pause.learn(failure);
        throw failure;
      }
    });
}
