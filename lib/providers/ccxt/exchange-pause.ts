import { ExchangeError, type ExchangeErrorCode } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Logger } from '#core/ports/logger.ts';

/** Codes after which an exchange is left alone for a while. */
const PAUSING = ['RATE_LIMITED', 'BANNED', 'GEO_BLOCKED'] as const satisfies readonly ExchangeErrorCode[];
type PausingCode = (typeof PAUSING)[number];

/** Where the exchange names no time. Just under a minute, so that the next tick may ask again. */
const RATE_LIMITED_MS = 50_000;
const SHORTEST_MS = 1000;
/** The shortest ban that Binance announces. */
const BANNED_MS = 120_000;
/** A firewall names no time and judges by behaviour. */
const FIREWALL_MS = 600_000;
/** Nothing but another region or host changes it. */
const GEO_BLOCKED_MS = 6 * 3_600_000;
/** A record of the cache that says more than this is not believed: longer than any pause that is begun here. */
const LONGEST_MS = 3 * 86_400_000;

type Pause = { readonly untilMs: number; readonly code: PausingCode; readonly reason: string };

export type ExchangePause = {
  /** Throws an `ExchangeError` while the exchange is to be left alone. */
  refuseWhilePaused(): void;
  /** Learns of pauses that other processes, or this one before it was restarted, have begun. */
  refresh(): Promise<void>;
  /** Begins a pause when the error asks for one; resolves once other processes can know. */
  learn(error: ExchangeError): Promise<void>;
  /** Begins a pause of our own accord. */
  begin(pause: Pause): Promise<void>;
};

/** What a process tells the next one. */
export type SharedMemory = Pick<CacheClient, 'advanceHashes' | 'readHash' | 'writeHashes'>;

export type ExchangePauseOptions = {
  readonly exchange: Exchange;
  /** Origin instead of the exchange's own: what one host forbids, another one may allow. */
  readonly restUrl: string | undefined;
  readonly clock: Clock;
  readonly cache: SharedMemory;
  readonly logger: Logger;
};

export function isPausing(code: ExchangeErrorCode): code is PausingCode {
  return (PAUSING as readonly ExchangeErrorCode[]).includes(code);
}

/**
 * Remembers that an exchange is to be left alone: within this process, and in the cache under `pause:{exchange}` (with `@host` where the
 * host is another one) for as long as the pause lasts. A cache that is away costs only that memory, and is reported.
 */
export function createExchangePause({ exchange, restUrl, clock, cache, logger }: ExchangePauseOptions): ExchangePause {
  const key = `pause:${exchange}${restUrl === undefined ? '' : `@${new URL(restUrl).host}`}`;
  let current: Pause | null = null;
  // What is thrown here comes back to `learn` with all other failures, and must not prolong itself.
  const refusals = new WeakSet<ExchangeError>();

  const adopt = (pause: Pause): boolean => {
    if (current !== null && pause.untilMs <= current.untilMs) return false;
    current = pause;
    return true;
  };
  const begin = async (pause: Pause): Promise<void> => {
    // Before anything is awaited: no other call may slip through.
    if (!adopt(pause)) return;
    logger.warn('an exchange is left alone for a while', { exchange, until: iso(pause.untilMs), code: pause.code, reason: pause.reason });
    const ttlSeconds = Math.ceil((pause.untilMs - clock.nowMs()) / 1000);
    if (ttlSeconds <= 0) return;
    const fields = { code: pause.code, reason: pause.reason };
    try {
      await cache.advanceHashes([{ key, fields, orderMs: pause.untilMs, orderId: '0' }], ttlSeconds);
    } catch (error) {
      logger.warn('the pause of an exchange cannot be shared', { exchange, error });
    }
  };

  return {
    refuseWhilePaused() {
      const nowMs = clock.nowMs();
      if (current === null || nowMs >= current.untilMs) return;
      const { untilMs, code, reason } = current;
      const refusal = new ExchangeError(`${exchange} is not asked before ${iso(untilMs)}: ${reason}`, {
        code,
        exchange,
        retryable: false,
        retryAfterMs: untilMs - nowMs,
      });
      refusals.add(refusal);
      throw refusal;
    },
    async refresh() {
      try {
        const shared = readPause(await cache.readHash(key), clock.nowMs());
        if (shared !== null) adopt(shared);
      } catch (error) {
        logger.warn('the pause of an exchange cannot be read', { exchange, error });
      }
    },
    async learn(error) {
      if (!isPausing(error.code) || refusals.has(error)) return;
      const pauseMs = pauseMsOf(error);
      await begin({ untilMs: clock.nowMs() + pauseMs, code: error.code, reason: error.message.slice(0, 300) });
    },
    begin,
  };
}

function pauseMsOf({ code, status, retryAfterMs }: ExchangeError): number {
  if (code === 'GEO_BLOCKED') return GEO_BLOCKED_MS;
  if (code === 'RATE_LIMITED') return Math.max(SHORTEST_MS, retryAfterMs ?? RATE_LIMITED_MS);
  return status === 403 ? Math.max(FIREWALL_MS, retryAfterMs ?? 0) : Math.max(SHORTEST_MS, retryAfterMs ?? BANNED_MS);
}

/** Null for no record, and for one that is not ours or not plausible. */
function readPause(fields: Readonly<Record<string, string>> | null, nowMs: number): Pause | null {
  const { event_time: until = '', code = '', reason = '' } = fields ?? {};
  const untilMs = /^\d{1,15}$/.test(until) ? Number(until) : 0;
  if (untilMs <= nowMs || untilMs > nowMs + LONGEST_MS) return null;
  const known = PAUSING.find((one) => one === code);
  return known === undefined ? null : { untilMs, code: known, reason: reason.slice(0, 300) };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
