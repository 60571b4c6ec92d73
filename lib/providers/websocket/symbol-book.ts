import type { Random } from '#core/ports/random.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { FeedEvent, Interruption, SymbolState } from '#core/trade-feed.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Timer } from '#core/ports/timer.ts';
import { createSymbolPulse, type SymbolPulse } from './symbol-pulse.ts';

/** What is known of each symbol of one connection, whichever socket it comes over, and what the consumer was told about it. */
export type SymbolBook = {
  /** Those to subscribe on a new socket: all that are not refused. */
  wanted(): readonly MarketSymbol[];
  states(): Iterable<readonly [MarketSymbol, SymbolState]>;
  /** A trade came: the symbol lives. */
  traded(symbol: MarketSymbol): void;
  /** An acknowledgement came. It does not end a silence: only a trade does. */
  acknowledged(symbols: readonly MarketSymbol[]): void;
  /** Trades may be missing from now on; those that were told so already are not told again. */
  interrupted(symbols: readonly MarketSymbol[], cause: Interruption): void;
  /** Not answered, or nothing to be heard of for too long. */
  silent(symbols: readonly MarketSymbol[]): void;
  refused(symbols: readonly MarketSymbol[], reason: string): void;
  /** Refused ones whose time has come to be asked for again. They count as pending from now on. */
  readmitted(): readonly MarketSymbol[];
  /** Those that are silent for longer than their market explains: first to be subscribed again, then over another socket, and so on. */
  overdue(): { readonly resubscribe: readonly MarketSymbol[]; readonly reconnect: readonly MarketSymbol[] };
};

type Entry = { state: SymbolState; readonly pulse: SymbolPulse; isTold: boolean; refusals: number; retryMs: number };

const FIRST_RETRY_MS = 10 * 60_000;
const LAST_RETRY_MS = 2 * 3_600_000;

export type SymbolBookOptions = {
  readonly symbols: readonly MarketSymbol[];
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  emit(event: FeedEvent): void;
};

export function createSymbolBook({ symbols, clock, timer, random, emit }: SymbolBookOptions): SymbolBook {
  const entries = new Map<MarketSymbol, Entry>(
    symbols.map((symbol) => [symbol, { state: 'pending', pulse: createSymbolPulse(), isTold: false, refusals: 0, retryMs: 0 }]),
  );
  const entryOf = (symbol: MarketSymbol): Entry => entries.get(symbol)!;
  const revive = (symbol: MarketSymbol, entry: Entry): void => {
    entry.state = 'live';
    entry.isTold = false;
    entry.refusals = 0;
    emit({ kind: 'subscribed', symbol, atMs: clock.nowMs() });
  };
  const interrupted = (cut: readonly MarketSymbol[], cause: Interruption): void => {
    const untold = cut.filter((symbol) => !entryOf(symbol).isTold && entryOf(symbol).state !== 'refused');
    for (const symbol of untold) entryOf(symbol).isTold = true;
    if (untold.length > 0) emit({ kind: 'interrupted', symbols: untold, cause, atMs: clock.nowMs() });
  };

  return {
    wanted: () => symbols.filter((symbol) => entryOf(symbol).state !== 'refused'),
    states: () => [...entries].map(([symbol, { state }]) => [symbol, state] as const),
    traded(symbol) {
      const entry = entryOf(symbol);
      entry.pulse.beat(timer.monotonicMs());
      if (entry.state !== 'live') revive(symbol, entry);
    },
    acknowledged(found) {
      for (const symbol of found) {
        const entry = entryOf(symbol);
        if (entry.state !== 'pending') continue;
        entry.pulse.begin(timer.monotonicMs());
        revive(symbol, entry);
      }
    },
    interrupted(cut, cause) {
      interrupted(cut, cause);
      for (const symbol of cut) if (entryOf(symbol).state === 'live') entryOf(symbol).state = 'pending';
    },
    silent(found) {
      const nowMs = timer.monotonicMs();
      for (const symbol of found) {
        const entry = entryOf(symbol);
        if (entry.state === 'pending') entry.pulse.begin(nowMs);
        if (entry.state !== 'refused') entry.state = 'silent';
      }
      interrupted(found, 'silent');
    },
    refused(found, reason) {
      for (const symbol of found) {
        const entry = entryOf(symbol);
        const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** entry.refusals++);
        entry.state = 'refused';
        entry.isTold = false;
        // Spread by a tenth: symbols refused together are not asked for together for ever.
        entry.retryMs = timer.monotonicMs() + waitMs * (1 + random.next() / 10);
        emit({ kind: 'symbol refused', symbol, reason, atMs: clock.nowMs() });
      }
    },
    readmitted() {
      const nowMs = timer.monotonicMs();
      const due = [...entries].filter(([, { state, retryMs }]) => state === 'refused' && retryMs <= nowMs);
      for (const [, entry] of due) entry.state = 'pending';
      return due.map(([symbol]) => symbol);
    },
    overdue() {
      const nowMs = timer.monotonicMs();
      const late = [...entries].filter(([, { state, pulse }]) => (state === 'live' || state === 'silent') && pulse.isOverdue(nowMs));
      const alarms = late.map(([symbol, { pulse }]) => ({ symbol, isOdd: pulse.alarm(nowMs) % 2 === 1 }));
      return {
        resubscribe: alarms.filter(({ isOdd }) => isOdd).map(({ symbol }) => symbol),
        reconnect: alarms.filter(({ isOdd }) => !isOdd).map(({ symbol }) => symbol),
      };
    },
  };
}
