import type { Exchange } from './exchange.ts';
import type { MarketSymbol } from './symbol.ts';
import type { Timeframe } from './timeframe.ts';

/** What a recorded exchange does wrong on its REST side, by what it touches: the connection, the whole answer, its rows. */
export const CONNECTION_FAULTS = ['reset', 'cut', 'stall_headers', 'stall_body', 'drip', 'outage'] as const;
export const ANSWER_FAULTS = [
  'status',
  'page',
  'empty_body',
  'null_body',
  'word_body',
  'empty_object',
  'no_rows',
  'truncated',
  'gzip_bomb',
  'huge_body',
  'wrong_encoding',
  'own_error',
  'delisted',
  'clock_skew',
] as const;
export const ROW_FAULTS = [
  'missing_field',
  'null_field',
  'word_field',
  'negative_price',
  'high_below_low',
  'time_unit',
  'off_grid',
  'future_rows',
  'duplicate_rows',
  'conflicting_rows',
  'shuffled_rows',
  'lost_rows',
  'late_rows',
  'revised_rows',
] as const;
/** On its WebSocket. */
export const SOCKET_FAULTS = [
  'socket_stall',
  'socket_silent_symbol',
  'socket_lose_trades',
  'socket_repeat_messages',
  'socket_cut',
  'socket_refuse_handshake',
  'socket_refuse_symbol',
  'socket_no_ack',
  'socket_send_frames',
  'socket_announce_shutdown',
] as const;

export const FAULT_MODES = [...CONNECTION_FAULTS, ...ANSWER_FAULTS, ...ROW_FAULTS, ...SOCKET_FAULTS] as const;
export type FaultMode = (typeof FAULT_MODES)[number];
export type ConnectionFault = (typeof CONNECTION_FAULTS)[number];
export type AnswerFault = (typeof ANSWER_FAULTS)[number];
export type RowFault = (typeof ROW_FAULTS)[number];
export type SocketFaultMode = (typeof SOCKET_FAULTS)[number];

export const FAULT_ENDPOINTS = ['candles', 'markets', 'trades'] as const;
export type FaultEndpoint = (typeof FAULT_ENDPOINTS)[number];

export const ROW_FIELDS = ['time', 'open', 'high', 'low', 'close', 'volume'] as const;
export type RowField = (typeof ROW_FIELDS)[number];

export const CUT_POINTS = ['handshake', 'open', 'subscribe', 'first trade', 'now'] as const;

/** What a mode can be told; undefined takes the mode's own default. */
type FaultParameters = {
  /** HTTP status, for `status` and `socket_refuse_handshake`. */
  readonly status?: number | undefined;
  /** `Retry-After`, in any spelling, for `status`. */
  readonly retryAfter?: string | undefined;
  /** After so many bytes of the body, for `cut` and `stall_body`; half of it by default. */
  readonly atByte?: number | undefined;
  /** How many rows, counted from the newest, for the faults of rows; all by default, one for `lost_rows` and `late_rows`. */
  readonly rows?: number | undefined;
  /** Which field of a row; `close` by default. */
  readonly field?: RowField | undefined;
  /** Times are multiplied with it, for `time_unit`. */
  readonly factor?: number | undefined;
  /** Ahead of the exchange's own time, for `clock_skew`; negative is behind. */
  readonly skewSeconds?: number | undefined;
  /** How often, for sockets that are cut, lose trades or refuse handshakes, and for repeated messages. */
  readonly count?: number | undefined;
  readonly at?: (typeof CUT_POINTS)[number] | undefined;
  readonly frames?: readonly string[] | undefined;
};

/** One kind of fault, and when it happens. */
export type FaultRule = FaultParameters & {
  readonly mode: FaultMode;
  readonly exchanges: readonly Exchange[] | 'all';
  readonly symbols: readonly MarketSymbol[] | 'all';
  readonly timeframes: readonly Timeframe[] | 'all';
  readonly endpoints: readonly FaultEndpoint[] | 'all';
  /** By the clock of the exchange, inclusive and exclusive, UTC ms; null has no such end. */
  readonly fromMs: number | null;
  readonly untilMs: number | null;
  /** So many requests that fit all of the above are spared first. */
  readonly after: number;
  /** Then every n-th one; 1 is each. */
  readonly every: number;
  /** Of those, this share; drawn from the seed. */
  readonly probability: number;
  /** At the most so often; null is without a limit. */
  readonly times: number | null;
};

export type FaultPlan = { readonly seed: number; readonly rules: readonly FaultRule[] };
