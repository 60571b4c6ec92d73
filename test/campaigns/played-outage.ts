import { expect } from 'vitest';
import { simulate, type SimulationResult } from '../../tools/simulation/simulate.ts';
import { DEFAULTS, PEACE, type OutageKind, type Workload } from '../../tools/simulation/workload.ts';

/** Two hours of a good life before. */
const BEFORE = 120;

/** Markets that trade in nearly every minute: their silence is none of chance. */
export const BUSY: Partial<Workload> = { emptyShare: 0.01 };

/** One outage and nothing else. It ends when the faults do, so that the ticks after it are counted. */
export async function playOutage(kind: OutageKind, minutes: number, given: Partial<Workload> = {}): Promise<SimulationResult> {
  const untilMinute = BEFORE + minutes;
  const outages = [{ kind, fromMinute: BEFORE, untilMinute }];
  return await simulate({ ...DEFAULTS, ...PEACE, ...given, seed: 3, faultyMinutes: untilMinute, quietMinutes: 60, outages });
}

/** An exchange that was there all the time and had nothing to tell. */
export function judgeSilence(result: SimulationResult): void {
  expect(result).toMatchObject({ lost: 0, outOfReach: 0, duplicates: 0, wrong: 0, openAsClosed: 0, violations: [] });
  expect(result.recoveryTicks).toEqual({ binance: 1, coinbase: 1, kraken: 1 });
  expect(result.situations['gap: exchange_outage'] ?? 0).toBeGreaterThan(0);
  expect(result.situations['gap: our_outage'] ?? 0).toBe(0);
}
