import { StoreError } from '#core/errors.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { SyncPorts } from '#usecases/sync-candles.ts';
import type { Dice } from './dice.ts';
import type { FaultCounter } from './fault-counter.ts';

/** The process dies here: nothing behind it happens, and nothing that it knew is left. */
export class Crash extends Error {
  constructor() {
    super('the process was killed');
    this.name = 'Crash';
  }
}

type Db = SyncPorts['db'];

/** What one statement writes, by the name of the statement. */
export type Written = { readonly [Method in Insert]: readonly [Method, Parameters<Db[Method]>[0]] }[Insert];
type Insert = Extract<keyof Db, `insert${string}`>;

export type StoreWorld = {
  readonly dice: Dice;
  readonly faults: FaultCounter;
  readonly faultChance: () => number;
  readonly isDown: () => boolean;
  /** Told of everything that is written, before it is, and once the store has it. */
  readonly onWrite: (written: Written) => void;
  readonly onTaken: (written: Written) => void;
  /** A write was not confirmed. */
  readonly onLost: () => void;
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
] as const satisfies readonly (keyof Db)[];

/** The store as one process sees it, with the faults of a store between a process and its data: away, its answer lost, the process killed. */
export function simulatedStore(db: TimeSeriesDb, world: StoreWorld): Db {
  const { dice, faults } = world;
  let hasMissedIt = false;
  const guarded = Object.fromEntries(
    METHODS.map((method) => [
      method,
      async (argument: never): Promise<unknown> => {
        if (world.isDown()) {
          // A process that has failed once has failed: several statements at once are one fault.
          if (!hasMissedIt) faults.count('tick in an outage of the store');
          hasMissedIt = true;
          throw new StoreError('the store is away', { retryable: true });
        }
        const written = method.startsWith('insert') ? ([method, argument] as unknown as Written) : null;
        if (written !== null) world.onWrite(written);
        const call = async (): Promise<unknown> => {
          const answer = await (db[method] as (argument: never) => Promise<unknown>)(argument);
          if (written !== null) world.onTaken(written);
          return answer;
        };
        if (!dice.hits(world.faultChance())) return await call();
        const kind = dice.pick(['store fails', 'answer of the store lost', 'killed before', 'killed after'] as const);
        faults.count(kind);
        if (kind === 'answer of the store lost' || kind === 'killed after') await call();
        if (written !== null) world.onLost();
        throw kind.startsWith('killed') ? new Crash() : new StoreError(kind, { retryable: true });
      },
    ]),
  );
  return guarded as unknown as Db;
}
