import type { Config } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ExchangeRestApi } from '#core/ports/exchange-rest-api.ts';
import type { Timer } from '#core/ports/timer.ts';
import { createCcxtRestApi } from '#providers/ccxt/ccxt-rest-api.ts';

/** REST access to one exchange. `restUrl` (a recorded exchange's) goes before the configured one. */
export function createExchangeRestApi(
  config: Config,
  exchange: Exchange,
  { clock, timer, restUrl }: { clock: Clock; timer: Timer; restUrl?: string | undefined },
): ExchangeRestApi {
  return createCcxtRestApi({
    exchange,
    restUrl: restUrl ?? config.exchanges[exchange]?.restUrl,
    clock,
    timer,
    deadlineMs: config.sync.requestDeadlineMs,
  });
}
