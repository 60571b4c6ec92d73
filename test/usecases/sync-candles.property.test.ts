import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSyncMemory } from '#usecases/sync-memory.ts';
import { candleAt, decimal, exchangeError, MINUTE, START } from './fake-exchange.ts';
import { BTC, ETH, SETTINGS, syncWorld, type SyncWorld } from './sync-world.ts';

const TICKS = 40;

/** What may happen at a tick, the same for every world that it is played in. */
type Event =
  | { readonly kind: 'none' }
  | { readonly kind: 'lost tick' }
  | { readonly kind: 'exchange down' }
  | { readonly kind: 'symbol fails'; readonly symbol: string }
  | { readonly kind: 'page fails'; readonly page: number }
  | { readonly kind: 'insert fails' }
  | { readonly kind: 'row left out'; readonly back: number }
  | { readonly kind: 'row comes late'; readonly back: number }
  | { readonly kind: 'candle changes'; readonly back: number };

const back = fc.integer({ min: 1, max: 30 });
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'none' as const }) },
  fc.constant({ kind: 'lost tick' as const }),
  fc.constant({ kind: 'exchange down' as const }),
  fc.constantFrom(BTC, ETH).map((symbol) => ({ kind: 'symbol fails' as const, symbol })),
  fc.integer({ min: 0, max: 5 }).map((page) => ({ kind: 'page fails' as const, page })),
  fc.constant({ kind: 'insert fails' as const }),
  back.map((minutes) => ({ kind: 'row left out' as const, back: minutes })),
  back.map((minutes) => ({ kind: 'row comes late' as const, back: minutes })),
  fc.integer({ min: 1, max: 4 }).map((minutes) => ({ kind: 'candle changes' as const, back: minutes })),
);

const DAY = fc.array(event, { minLength: TICKS, maxLength: TICKS });
const newWorld = (): SyncWorld => syncWorld({ symbols: [BTC, ETH], timeframes: ['1m', '5m'], maxCandlesPerRequest: 40 });

async function play(
  world: SyncWorld,
  events: readonly Event[],
  memory = (): ReturnType<typeof createSyncMemory> | undefined => undefined,
): Promise<void> {
  for (const [index, happens] of events.entries()) {
    const tickMs = START + index * MINUTE;
    arrange(world, happens, tickMs);
    const kept = memory();
    const tick = () => world.tick(tickMs, kept === undefined ? {} : { memory: kept });
    if (happens.kind === 'insert fails') await expect(tick()).rejects.toThrow('the store is away');
    else if (happens.kind !== 'lost tick') await tick();
  }
}

function arrange({ exchange, failInserts }: SyncWorld, happens: Event, tickMs: number): void {
  exchange.goDown(happens.kind === 'exchange down');
  exchange.failWith((request, index) => {
    const isHit =
      (happens.kind === 'symbol fails' && request.symbol === happens.symbol) || (happens.kind === 'page fails' && index === happens.page);
    return isHit ? exchangeError('UNREACHABLE') : null;
  });
  if (happens.kind === 'insert fails') failInserts(1);
  if (!('back' in happens)) return;
  const timeMs = tickMs - happens.back * MINUTE;
  exchange.revise(
    '1m',
    timeMs,
    happens.kind === 'row left out' ? null : happens.kind === 'row comes late' ? {} : { volume: decimal(`7.${happens.back}`) },
  );
}

/** The figures without versions. */
async function figuresOf(world: SyncWorld): Promise<unknown> {
  return (await world.stored()).map(({ series, candles }) => [series, candles.map(({ version: _version, ...figures }) => figures)]);
}

describe('whatever goes wrong', () => {
  test('a process with a memory stores exactly what one without stores, versions included', async () => {
    await fc.assert(
      fc.asyncProperty(DAY, fc.integer({ min: 1, max: TICKS }), async (events, restart) => {
        const [forgetful, remembering, restarted] = [newWorld(), newWorld(), newWorld()];
        const memory = createSyncMemory();
        await play(forgetful, events);
        await play(remembering, events, () => memory);
        let ticks = 0;
        let current = createSyncMemory();
        await play(restarted, events, () => {
          if (ticks++ === restart) current = createSyncMemory();
          return current;
        });
        expect(await remembering.stored()).toEqual(await forgetful.stored());
        expect(await restarted.stored()).toEqual(await forgetful.stored());
      }),
      { seed: 20230311, numRuns: 40 },
    );
  });

  test('two good ticks later everything is there that the exchange has, as it closed', async () => {
    await fc.assert(
      fc.asyncProperty(DAY, async (events) => {
        const harmless = events.filter(({ kind }) => kind !== 'row left out' && kind !== 'candle changes');
        const world = newWorld();
        await play(world, harmless);
        for (const later of [50, 55]) {
          arrange(world, { kind: 'none' }, START);
          expect(await world.tick(START + later * MINUTE)).toMatchObject({ missing: 0, failure: null });
        }
        const stored = await world.stored();
        expect(stored.map(({ series }) => `${series.symbol} ${series.timeframe}`)).toEqual([
          'BTC/USD 1m',
          'ETH/USD 1m',
          'BTC/USD 5m',
          'ETH/USD 5m',
        ]);
        for (const { series, candles } of stored) {
          const stepMs = series.timeframe === '1m' ? MINUTE : 5 * MINUTE;
          const fromMs = candles[0]?.openTimeMs ?? 0;
          expect(candles.map(({ version: _version, ...figures }) => figures)).toEqual(candles.map((_, i) => candleAt(fromMs + i * stepMs)));
          expect(candles.at(-1)?.openTimeMs).toBe(START + 55 * MINUTE - stepMs);
        }
      }),
      { seed: 4, numRuns: 40 },
    );
  });

  test('an open candle is never stored', async () => {
    await fc.assert(
      fc.asyncProperty(DAY, fc.integer({ min: -90_000, max: 90_000 }), async (events, skewMs) => {
        const world = syncWorld({ symbols: [BTC], timeframes: ['1m', '5m'], skewMs, settings: SETTINGS });
        await play(
          world,
          events.filter(({ kind }) => kind !== 'candle changes'),
        );
        for (const { candles } of await world.stored())
          for (const candle of candles) expect(candle).toMatchObject(candleAt(candle.openTimeMs));
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  test('the same tick twice changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(DAY, async (events) => {
        const world = newWorld();
        await play(world, events);
        arrange(world, { kind: 'none' }, START);
        await world.tick(START + TICKS * MINUTE);
        const before = await figuresOf(world);
        expect(await world.tick(START + TICKS * MINUTE)).toMatchObject({ stored: 0, changed: 0 });
        expect(await figuresOf(world)).toEqual(before);
      }),
      { seed: 6, numRuns: 20 },
    );
  });
});
