import type { Exchange } from '#core/exchange.ts';
import { type FaultMode, type FaultPlan, type FaultRule, type SocketFaultMode } from '#core/fault-plan.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { isInForce } from './fault-desk.ts';
import type { SocketFault, SocketFaults } from './socket-faults.ts';

const LOOK_MS = 25;

export type SocketSchedule = { look(): void; close(): void };

export type SocketScheduleOptions = {
  readonly exchange: Exchange;
  readonly plan: FaultPlan;
  readonly faults: SocketFaults;
  /** All of the venue, for rules without a symbol. */
  readonly symbols: readonly MarketSymbol[];
  readonly nowMs: () => number;
  readonly timer: Timer;
  readonly onInject: (mode: FaultMode) => void;
};

/** Begins the plan's faults of the WebSocket when their time comes by the clock, and takes them back when it is over. An outage cuts and refuses sockets too. */
export function scheduleSocketFaults({ exchange, plan, faults, symbols, nowMs, timer, onInject }: SocketScheduleOptions): SocketSchedule {
  const entries = plan.rules
    .map((rule) => ({ rule, begun: socketFaultsOf(rule, rule.symbols === 'all' ? symbols : rule.symbols) }))
    .filter(({ begun }) => begun.length > 0)
    .map((entry) => ({ ...entry, undo: null as (() => void)[] | null }));
  const look = (): void => {
    for (const entry of entries) {
      const isDue = isInForce(entry.rule, exchange, nowMs());
      if (isDue && entry.undo === null) {
        entry.undo = entry.begun.map((fault) => faults.inject(fault));
        onInject(entry.rule.mode);
      } else if (!isDue && entry.undo !== null && entry.undo.length > 0) {
        for (const undo of entry.undo) undo();
        entry.undo = [];
      }
    }
  };
  let cancel = (): void => {};
  const again = (): void => {
    look();
    cancel = timer.after(LOOK_MS, again);
  };
  if (entries.length > 0) again();
  return { look, close: () => cancel() };
}

type Make = (rule: FaultRule, symbols: readonly MarketSymbol[]) => readonly SocketFault[];

const MAKERS: Readonly<Record<SocketFaultMode | 'outage', Make>> = {
  socket_stall: () => [{ kind: 'stall' }],
  socket_silent_symbol: (_rule, symbols) => symbols.map((symbol) => ({ kind: 'silent symbol', symbol })),
  socket_lose_trades: ({ count = 1 }, symbols) => symbols.map((symbol) => ({ kind: 'lose trades', symbol, count })),
  socket_repeat_messages: ({ count = 1 }) => [{ kind: 'repeat messages', count }],
  socket_cut: ({ count = 1, at = 'now' }) => [{ kind: 'cut', at, count }],
  socket_refuse_handshake: (rule) => [refusedHandshakes(rule, rule.status ?? 503, rule.count ?? 1)],
  socket_refuse_symbol: (_rule, symbols) => symbols.map((symbol) => ({ kind: 'refuse symbol', symbol })),
  socket_no_ack: () => [{ kind: 'no ack' }],
  socket_send_frames: ({ frames = [] }) => [{ kind: 'send frames', frames }],
  socket_announce_shutdown: () => [{ kind: 'announce shutdown' }],
  outage: (rule) => [{ kind: 'cut', at: 'now', count: 1 }, refusedHandshakes(rule, 503, Number.POSITIVE_INFINITY)],
};

function refusedHandshakes({ retryAfter }: FaultRule, status: number, count: number): SocketFault {
  const seconds = retryAfter !== undefined && /^\d{1,9}$/.test(retryAfter) ? { retryAfterSeconds: Number(retryAfter) } : {};
  return { kind: 'refuse handshake', status, count, ...seconds };
}

function socketFaultsOf(rule: FaultRule, symbols: readonly MarketSymbol[]): readonly SocketFault[] {
  return rule.mode in MAKERS ? MAKERS[rule.mode as keyof typeof MAKERS](rule, symbols) : [];
}
