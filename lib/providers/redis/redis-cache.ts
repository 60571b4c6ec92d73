import { Redis, ReplyError, type ChainableCommander } from 'ioredis';
import { SinkError } from '#core/errors.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { Random } from '#core/ports/random.ts';
import type { Timer } from '#core/ports/timer.ts';
import { createBreaker } from '#std/breaker.ts';
import { withDeadline } from '#std/deadline.ts';
import { ADVANCE_HASH, REPLACE_HASH, type Script } from './scripts.ts';

export type RedisCacheOptions = {
  /** redis:// or rediss:// (encrypted, the certificate is checked), without user name and password. */
  readonly url: string;
  /** Empty for the default user. */
  readonly username: string;
  /** Empty for a server without one. */
  readonly password: string;
  readonly timer: Timer;
  readonly random: Random;
  /** Of one call, connecting included. */
  readonly deadlineMs: number;
  /** After a failure nobody asks the server for about this long, then for longer and longer. */
  readonly firstRestMs?: number;
  readonly lastRestMs?: number;
};

const FIRST_REST_MS = 250;
const LAST_REST_MS = 5000;
/** Calls under way, at most: with a deadline each, they bound what is held for a server that does not answer. */
const MAX_CALLS = 1024;

/** The server answered, but with an error that another connection may not get: a replica after a failover, a restart, new credentials. */
const ABOUT_THE_CONNECTION = /^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|NOAUTH|WRONGPASS|UNBLOCKED|MISCONF|NOREPLICAS)\b/;

/**
 * A cache on Redis or Valkey. A call that the server does not answer ends at its deadline and takes the connection with it; then there is a
 * rest, in which calls fail at once. Nothing is queued for later: who writes often, writes again.
 */
export function createRedisCache(options: RedisCacheOptions): CacheClient {
  const { timer, random, deadlineMs, firstRestMs = FIRST_REST_MS, lastRestMs = LAST_REST_MS } = options;
  const breaker = createBreaker({ timer, random, firstRestMs, lastRestMs });
  let connection: Connection | null = null;
  let lastReason = '';
  let calls = 0;
  let isClosed = false;

  const drop = (which: Connection | null): void => {
    which?.end();
    if (connection === which) connection = null;
  };

  const call = async <T>(what: string, work: (redis: Redis) => Promise<T>): Promise<T> => {
    refuseEarly(what);
    connection ??= connect(options);
    const used = connection;
    calls++;
    try {
      const result = await withDeadline({ timer, deadlineMs, what: `the cache, asked for ${what},` }, () => used.ready().then(work));
      breaker.succeeded();
      return result;
    } catch (error) {
      const reason = `${messageOf(error)}${used.reason()}`;
      // The server works and the connection too: it refuses this one thing, as when it is full.
      if (isReply(error) && !ABOUT_THE_CONNECTION.test(error.message)) throw sinkError(`the cache refused ${what}: ${reason}`);
      // Of many calls that fail together the first one knows why; the others only lost their connection.
      if (breaker.restMs() === 0) lastReason = reason;
      drop(used);
      breaker.failed();
      throw sinkError(`the cache could not be asked for ${what}: ${reason}`);
    } finally {
      calls--;
    }
  };

  const refuseEarly = (what: string): void => {
    if (isClosed) throw sinkError(`the cache was closed before it was asked for ${what}`);
    const restMs = Math.ceil(breaker.restMs());
    if (restMs > 0) throw sinkError(`the cache is not asked for ${what}: it failed before and rests for ${restMs} ms more (${lastReason})`);
    if (calls >= MAX_CALLS) throw sinkError(`the cache is not asked for ${what}: ${calls} calls are under way, expected fewer`);
  };

  return {
    async writeHashes(entries, ttlSeconds) {
      if (entries.length === 0) return;
      const inputs = entries.map(({ key, fields }) => ({ key, args: [String(ttlSeconds * 1000), ...flat(fields)] }));
      await call(`the writing of ${entries.length} hashes`, (redis) => runScript(redis, REPLACE_HASH, inputs));
    },
    async advanceHashes(entries, ttlSeconds) {
      if (entries.length === 0) return 0;
      const inputs = entries.map(({ key, fields, orderMs, orderId }) => ({
        key,
        args: [String(ttlSeconds * 1000), String(orderMs), orderId, ...flat({ ...fields, event_time: String(orderMs), trade_id: orderId })],
      }));
      const replaced = await call(`the advance of ${entries.length} hashes`, (redis) => runScript(redis, ADVANCE_HASH, inputs));
      return replaced.filter((one) => one === 1).length;
    },
    async readHash(key) {
      const fields = await call('a hash', (redis) => redis.hgetall(key));
      return Object.keys(fields).length === 0 ? null : fields;
    },
    async close() {
      isClosed = true;
      drop(connection);
    },
  };
}

type Connection = { ready(): Promise<Redis>; reason(): string; end(): void };

/** One socket, used until it fails. It does not reconnect by itself: a new one is made, so that nothing of the old one lingers. */
function connect({ url, username, password, deadlineMs }: RedisCacheOptions): Connection {
  const redis = new Redis(url, {
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => null,
    // INFO and CLIENT are commands that a careful ACL does not grant; protocol 2 is what every server speaks.
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
    connectTimeout: deadlineMs,
    disconnectTimeout: deadlineMs,
  });
  let lastError = '';
  // What the server said at login comes as an event; the call that follows fails with less of a reason.
  redis.on('error', (error: Error) => void (lastError = error.message));
  let connecting: Promise<Redis> | undefined;
  return {
    ready: () => (connecting ??= redis.connect().then(() => redis)),
    reason: () => (lastError === '' ? '' : ` (${lastError})`),
    end() {
      redis.disconnect();
      // A peer that does not read would keep a socket that only ends.
      redis.stream?.destroy();
    },
  };
}

type ScriptInput = { readonly key: string; readonly args: readonly string[] };

/** One round trip; two when the server does not know the script yet. Rejects with the first error of an entry. */
async function runScript(redis: Redis, { sha, text }: Script, inputs: readonly ScriptInput[]): Promise<readonly unknown[]> {
  const results = await execute(redis, inputs, (pipeline, { key, args }) => pipeline.evalsha(sha, 1, key, ...args));
  const unknown = results.flatMap(([error], index) => (error !== null && error.message.startsWith('NOSCRIPT') ? [index] : []));
  if (unknown.length > 0) {
    const again = unknown.map((index) => inputs[index] as ScriptInput);
    const late = await execute(redis, again, (pipeline, { key, args }) => pipeline.eval(text, 1, key, ...args));
    for (const [place, index] of unknown.entries()) results[index] = late[place] as Reply;
  }
  const failure = results.find(([error]) => error !== null)?.[0];
  if (failure !== undefined && failure !== null) throw failure;
  return results.map(([, value]) => value);
}

type Reply = [error: Error | null, value: unknown];

async function execute(
  redis: Redis,
  inputs: readonly ScriptInput[],
  add: (pipeline: ChainableCommander, input: ScriptInput) => void,
): Promise<Reply[]> {
  const pipeline = redis.pipeline();
  for (const input of inputs) add(pipeline, input);
  const replies = await pipeline.exec();
  if (replies === null) throw new Error('the pipeline was discarded');
  return replies;
}

function flat(fields: Readonly<Record<string, string>>): string[] {
  return Object.entries(fields).flat();
}

/** Without a cause: the client's errors carry the arguments of the command, a password among them. */
function sinkError(message: string): SinkError {
  return new SinkError(message, { code: 'CACHE', retryable: true });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isReply(error: unknown): error is Error {
  return error instanceof (ReplyError as ErrorConstructor);
}
