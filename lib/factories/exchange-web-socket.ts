import type { Config } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import type { FeedProtocol } from '#core/feed-protocol.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ExchangeWebSocket } from '#core/ports/exchange-web-socket.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { Random } from '#core/ports/random.ts';
import type { Timer } from '#core/ports/timer.ts';
import { createBinanceFeed } from '#providers/binance/binance-feed.ts';
import { createCcxtWebSocket } from '#providers/ccxt/ccxt-web-socket.ts';
import { createCoinbaseFeed } from '#providers/coinbase/coinbase-feed.ts';
import { createKrakenFeed } from '#providers/kraken/kraken-feed.ts';
import { createLiveFeed } from '#providers/websocket/live-feed.ts';

const PROTOCOLS = {
  binance: () => createBinanceFeed('binance'),
  binanceus: () => createBinanceFeed('binanceus'),
  coinbase: createCoinbaseFeed,
  kraken: createKrakenFeed,
} as const satisfies Record<Exchange, () => FeedProtocol>;

export type WebSocketParts = {
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
  /** A recorded exchange's; goes before the configured one. */
  readonly wsUrl?: string | undefined;
};

/** Live trades of one exchange, over our own client or, with `live: ccxt`, over ccxt's. */
export function createExchangeWebSocket(config: Config, exchange: Exchange, { wsUrl, ...parts }: WebSocketParts): ExchangeWebSocket {
  const settings = config.exchanges[exchange];
  const url = wsUrl ?? settings?.wsUrl;
  return settings?.live === 'ccxt'
    ? createCcxtWebSocket({ ...parts, exchange, wsUrl: url })
    : createLiveFeed({ ...parts, protocol: PROTOCOLS[exchange](), wsUrl: url });
}
