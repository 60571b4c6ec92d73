import { describe, expect, onTestFinished, test } from 'vitest';
import { loadRecordingManifest } from '#config/recording.ts';
import type { FeedProtocol } from '#core/feed-protocol.ts';
import type { Trade } from '#core/trade.ts';
import { createBinanceFeed } from '#providers/binance/binance-feed.ts';
import { createCoinbaseFeed } from '#providers/coinbase/coinbase-feed.ts';
import { createKrakenFeed } from '#providers/kraken/kraken-feed.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { createLiveFeed } from '#providers/websocket/live-feed.ts';
import { startRecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import { marketSymbol, QUIET } from './feed-world.ts';
import { seededRandom } from './virtual-time.ts';

type Recorded = {
  readonly protocol: FeedProtocol;
  readonly folder: string;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly symbols: readonly string[];
  /** At least so many trades are in it. */
  readonly trades: number;
};

const RECORDED: readonly Recorded[] = [
  {
    protocol: createBinanceFeed('binance'),
    folder: 'binance-2024-08-08',
    startsAt: '2024-08-08T23:54:15Z',
    endsAt: '2024-08-08T23:56:15Z',
    symbols: ['BTC/USDT', 'ETH/USDT'],
    trades: 1000,
  },
  {
    protocol: createCoinbaseFeed(),
    folder: 'coinbase-2026-08-09',
    startsAt: '2026-08-09T21:05:48.240Z',
    endsAt: '2026-08-09T21:06:20Z',
    symbols: ['BTC/USD', 'ETH/USD'],
    trades: 70,
  },
  {
    protocol: createKrakenFeed(),
    folder: 'kraken-2023-11',
    startsAt: '2023-11-17T00:00:00Z',
    endsAt: '2023-11-17T02:00:00Z',
    symbols: ['BTC/USDT'],
    trades: 100,
  },
];

describe.each(RECORDED)(
  'the feed of $protocol.exchange on its recording',
  ({ protocol, folder, startsAt, endsAt, symbols, trades: least }) => {
    test('hands over every trade once, in order, with none refused', async () => {
      let now = Date.parse(startsAt);
      const clock = { nowMs: () => now, sleepUntil: async () => {} };
      const timer = createSystemTimer();
      const recording = loadRecordingManifest(`recordings/trades/${folder}`);
      const exchange = await startRecordedExchange({ recording, clock, timer });
      onTestFinished(() => exchange.close());
      const wsUrl = exchange.webSocketUrls[protocol.exchange];
      const feed = createLiveFeed({ protocol, wsUrl, clock, timer, random: seededRandom(1), logger: QUIET });
      const abort = new AbortController();
      const trades: Trade[] = [];
      const refused: string[] = [];
      const awaited = new Set(symbols);
      for await (const event of feed.events(symbols.map(marketSymbol), abort.signal)) {
        if (event.kind === 'payload refused') refused.push(event.reason);
        if (event.kind === 'trades' && !event.isSnapshot) trades.push(...event.trades);
        if (event.kind === 'subscribed' && awaited.delete(event.symbol) && awaited.size === 0) {
          // Everything that is recorded happens at once.
          now = Date.parse(endsAt);
          exchange.sockets[protocol.exchange]?.pump();
        }
        if (trades.length >= least) abort.abort();
      }
      expect(refused).toEqual([]);
      for (const symbol of symbols) {
        const ids = trades.filter((trade) => trade.symbol === symbol).map(({ id }) => Number(id));
        expect(ids).toEqual(ids.toSorted((a, b) => a - b));
        expect(new Set(ids).size).toBe(ids.length);
      }
      expect(trades.length).toBeGreaterThanOrEqual(least);
      expect(feed.health()).toMatchObject({ connects: 1, refusedPayloads: 0, droppedEvents: 0, openSockets: 0 });
    });
  },
);
