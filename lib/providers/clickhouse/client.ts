import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { StoreError } from '#core/errors.ts';
import type { Timer } from '#core/ports/timer.ts';
import { withDeadline, DeadlineError } from '#std/deadline.ts';

/** In force for every statement: sent along over HTTP, set once on an embedded connection. Server defaults move between versions. */
export const STATEMENT_SETTINGS = {
  async_insert: 0,
  date_time_output_format: 'simple',
  input_format_null_as_default: 0,
  input_format_skip_unknown_fields: 0,
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
  output_format_decimal_trailing_zeros: 0,
  session_timezone: 'UTC',
} as const;

export type ClickHouseAccess = {
  readonly client: ClickHouseClient;
  readonly database: string;
  readonly timer: Timer;
  readonly deadlineMs: number;
  /** How long a statement waits for others of the same kind to go with it. 0 where a process serves one exchange only, as on Lambda. */
  readonly gatherMs: number;
};

/** Waits for statements that come at about the same moment. */
export async function lingerFor({ timer, gatherMs }: Pick<ClickHouseAccess, 'timer' | 'gatherMs'>): Promise<void> {
  if (gatherMs === 0) return;
  await new Promise<void>((resolve) => {
    timer.after(gatherMs, resolve);
  });
}

export type HttpOptions = {
  readonly url: string;
  readonly username: string;
  readonly password: string;
};

/**
 * A client of a ClickHouse server (or of this platform's own store endpoint) over HTTP. It names no database: a server refuses every
 * statement of a client whose database does not exist yet, and our statements name theirs.
 */
export function createHttpClient({ url, username, password }: HttpOptions): ClickHouseClient {
  return createClient({
    url,
    username,
    password,
    application: 'tidemark',
    // Failures are thrown, and told once, by us: the client would also write them to stderr in lines of its own.
    log: { level: ClickHouseLogLevel.OFF },
    compression: { request: true, response: true },
    clickhouse_settings: STATEMENT_SETTINGS,
  });
}

/** Runs one statement with a total deadline; the client's own time-out covers idle sockets only. Failures become `StoreError`. */
export async function withStore<T>(
  { timer, deadlineMs }: Pick<ClickHouseAccess, 'timer' | 'deadlineMs'>,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await withDeadline({ timer, deadlineMs, what: `the store (${what})` }, work);
  } catch (error) {
    throw toStoreError(what, error);
  }
}

/** ClickHouse's codes that no repetition cures: bad SQL or data, no rights, read-only, unknown database or table, violated constraint. */
const PERMANENT_CODES = new Set([27, 47, 60, 62, 69, 81, 117, 164, 192, 193, 194, 349, 469, 497, 516]);

function toStoreError(what: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (error instanceof DeadlineError) return new StoreError(error.message, { retryable: true }, { cause: error });
  const reason = error instanceof Error ? error.message.trim() : String(error);
  const storeCode = codeOf(error);
  if (storeCode !== undefined) {
    const retryable = !PERMANENT_CODES.has(storeCode);
    return new StoreError(`the store refused to ${what}: ${reason} (code ${storeCode})`, { retryable, storeCode }, { cause: error });
  }
  return new StoreError(`the store did not ${what}: ${reason}`, { retryable: true }, { cause: error });
}

/** By shape, not by class: the embedded engine throws the same errors from its own copy of the client. */
function codeOf(error: unknown): number | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^\d+$/.test(code) ? Number(code) : undefined;
}
