import { StoreError } from '#core/errors.ts';
import type { SeriesCandles, TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { Dice } from './dice.ts';
import type { FaultCounter } from './fault-counter.ts';

/** The process dies here: nothing behind it happens, and nothing that it knew is left. */
export class Crash extends Error {
  constructor() {
    super('the process was killed');
    this.name = 'Crash';
  }
}

export type StoreWorld = {
  readonly dice: Dice;
  readonly faults: FaultCounter;
  readonly faultChance: () => number;
  readonly isDown: () => boolean;
  /** Sees every candle that is written, before it is. */
  readonly onInsert: (groups: readonly SeriesCandles[]) => void;
};

const METHODS = [
  'readCandles',
  'storedExtents',
  'readWatermarks',
  'readCandleGaps',
  'insertCandles',
  'insertCandleGaps',
  'insertCandleRevisions',
  'insertWatermarks',
] as const;

/** The store as sync sees it, with the faults of a store between a process and its data: away, its answer lost, the process killed. */
export function simulatedStore(db: TimeSeriesDb, world: StoreWorld): Pick<TimeSeriesDb, (typeof METHODS)[number]> {
  const { dice, faults } = world;
  const guarded = Object.fromEntries(
    METHODS.map((method) => [
      method,
      async (argument: never): Promise<unknown> => {
        if (world.isDown()) throw new StoreError('the store is away', { retryable: true });
        if (method === 'insertCandles') world.onInsert(argument as readonly SeriesCandles[]);
        const call = async (): Promise<unknown> => await (db[method] as (argument: never) => Promise<unknown>)(argument);
        if (!dice.hits(world.faultChance())) return await call();
        const kind = dice.pick(['store fails', 'answer of the store lost', 'killed before', 'killed after'] as const);
        faults.count(kind);
        if (kind === 'answer of the store lost' || kind === 'killed after') await call();
        throw kind.startsWith('killed') ? new Crash() : new StoreError(kind, { retryable: true });
      },
    ]),
  );
  return guarded as unknown as Pick<TimeSeriesDb, (typeof METHODS)[number]>;
}
