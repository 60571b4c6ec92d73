import type { Exchange } from './exchange.ts';

/** Bad configuration or bad use. The message names what, the value, what was expected and the cure. Ends a command with exit code 2. */
export class ConfigError extends Error {
  readonly code = 'CONFIG';
  readonly retryable = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConfigError';
  }
}

const EXCHANGE_ERROR_CODES = [
  'UNREACHABLE',
  'TIMEOUT',
  'RATE_LIMITED',
  'BANNED',
  'GEO_BLOCKED',
  'BAD_SYMBOL',
  'BAD_PAYLOAD',
  'REFUSED',
] as const;

export type ExchangeErrorCode = (typeof EXCHANGE_ERROR_CODES)[number];

export type ExchangeErrorFacts = {
  readonly code: ExchangeErrorCode;
  readonly exchange: Exchange;
  readonly retryable: boolean;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
};

/** A call to an exchange that gave no usable answer. `retryable` decides about a retry; nobody parses the message. */
export class ExchangeError extends Error {
  readonly code: ExchangeErrorCode;
  readonly exchange: Exchange;
  readonly retryable: boolean;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, facts: ExchangeErrorFacts, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ExchangeError';
    this.code = facts.code;
    this.exchange = facts.exchange;
    this.retryable = facts.retryable;
    this.status = facts.status;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** The store refused or did not answer. `storeCode` is ClickHouse's own number where it gave one. */
export class StoreError extends Error {
  readonly code = 'STORE';
  readonly retryable: boolean;
  readonly storeCode: number | undefined;

  constructor(message: string, facts: { readonly retryable: boolean; readonly storeCode?: number | undefined }, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.retryable = facts.retryable;
    this.storeCode = facts.storeCode;
  }
}

/** A latest price that must not be used: there is none, or it is older than the reader allows. */
export class StalePriceError extends Error {
  readonly code = 'STALE_PRICE';
  readonly retryable = true;
  /** Age of the price by its event time, ms; null when there is none. */
  readonly ageMs: number | null;

  constructor(message: string, facts: { readonly ageMs: number | null }) {
    super(message);
    this.name = 'StalePriceError';
    this.ageMs = facts.ageMs;
  }
}

export type SinkErrorCode = 'CACHE' | 'STREAM' | 'STORAGE' | 'SECRET' | 'LOGS' | 'QUOTA';

/** The cache, the stream, the object store, the store of secrets, the log or the list of quotas refused or did not answer; `code` says which. */
export class SinkError extends Error {
  readonly code: SinkErrorCode;
  readonly retryable: boolean;

  constructor(message: string, facts: { readonly code: SinkErrorCode; readonly retryable: boolean }, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SinkError';
    this.code = facts.code;
    this.retryable = facts.retryable;
  }
}
