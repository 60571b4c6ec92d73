import type { Exchange } from '#core/exchange.ts';
import { SOCKET_FAULTS, type FaultMode, type FaultPlan, type FaultRule } from '#core/fault-plan.ts';
import { chanceOf } from './fault-chance.ts';
import type { RequestTarget } from './request-target.ts';

/** Which rules of a plan hit a request, and how often each mode has hit. */
export type DrawnFault = { readonly rule: FaultRule; readonly chance: () => number };

export type FaultDesk = {
  /** In the order of the plan. `chance` belongs to the rule: what else is drawn for it follows the seed too. */
  drawFor(exchange: Exchange, target: RequestTarget, nowMs: number): readonly DrawnFault[];
  /** A fault was really done. */
  count(mode: FaultMode): void;
  injected(): Readonly<Partial<Record<FaultMode, number>>>;
};

export function createFaultDesk({ seed, rules }: FaultPlan): FaultDesk {
  const counts: Partial<Record<FaultMode, number>> = {};
  const count = (mode: FaultMode): void => void (counts[mode] = (counts[mode] ?? 0) + 1);
  const entries = rules
    .map((rule, index) => ({ rule, chance: chanceOf(seed + index * 7919), fitting: 0, hits: 0 }))
    .filter(({ rule }) => !(SOCKET_FAULTS as readonly FaultMode[]).includes(rule.mode));
  return {
    count,
    injected: () => ({ ...counts }),
    drawFor(exchange, target, nowMs) {
      return entries.filter((entry) => {
        const { rule, chance } = entry;
        if (!fits(rule, exchange, target, nowMs) || (rule.times !== null && entry.hits >= rule.times)) return false;
        entry.fitting += 1;
        if (
          entry.fitting <= rule.after ||
          (entry.fitting - rule.after) % rule.every !== 0 ||
          (rule.probability < 1 && chance() >= rule.probability)
        )
          return false;
        entry.hits += 1;
        return true;
      });
    },
  };
}

function fits(rule: FaultRule, exchange: Exchange, { endpoint, symbol, timeframe }: RequestTarget, nowMs: number): boolean {
  if (!isInForce(rule, exchange, nowMs)) return false;
  if (rule.endpoints !== 'all' && (endpoint === undefined || !rule.endpoints.includes(endpoint))) return false;
  // A list of markets is about all symbols: only what is about one of them can be wanted for one alone.
  if (rule.symbols !== 'all' && endpoint !== 'markets' && (symbol === undefined || !rule.symbols.includes(symbol))) return false;
  return rule.timeframes === 'all' || (timeframe !== undefined && rule.timeframes.includes(timeframe));
}

export function isInForce({ exchanges, fromMs, untilMs }: FaultRule, exchange: Exchange, nowMs: number): boolean {
  if (exchanges !== 'all' && !exchanges.includes(exchange)) return false;
  return nowMs >= (fromMs ?? nowMs) && (untilMs === null || nowMs < untilMs);
}
