import { join } from 'node:path';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Config } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import type { Logger } from '#core/ports/logger.ts';
import { parseTickMessage } from '#core/scheduled-tick.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { openFunctionHost } from '#factories/function-host.ts';
import { createStorageClient } from '#factories/storage-client.ts';
import { processInOrder } from '#std/fifo-batch.ts';
import { onceItSucceeds } from '#std/once-it-succeeds.ts';
import { verifyCandles, type VerifyPorts, type VerifyReport } from '#usecases/verify-candles.ts';

export type VerifyDependencies = VerifyPorts & {
  readonly settings: Pick<Config['sync'], 'timeframes' | 'rereadAfterHours'>;
  readonly symbols: (exchange: Exchange) => readonly MarketSymbol[];
  readonly logger: Logger;
  readonly onReport?: (report: VerifyReport) => void;
};

export type VerifyHandler = (event: SQSEvent) => Promise<SQSBatchResponse>;

/** The verify service: each message is one hour's tick of one exchange. The laptop, the emulator and AWS run this very function. */
export function createVerifyHandler(open: () => Promise<VerifyDependencies>): VerifyHandler {
  const opened = onceItSucceeds(open);
  return middy<SQSEvent, SQSBatchResponse>().handler(async (event: SQSEvent) => {
    const dependencies = await opened();
    return await processInOrder(
      event.Records,
      (record) => verifyTick(dependencies, record),
      ({ messageId }, error) => dependencies.logger.error('verify failed; the next hour goes on where it stopped', { messageId, error }),
    );
  }) as unknown as VerifyHandler;
}

async function verifyTick(dependencies: VerifyDependencies, record: SQSRecord): Promise<void> {
  const { settings, symbols, logger, onReport, ...ports } = dependencies;
  const tick = parseTickMessage({ messageGroupId: record.attributes.MessageGroupId, body: record.body });
  if (typeof tick === 'string') {
    logger.error('a message is not a tick and is dropped', { messageId: record.messageId, reason: tick });
    return;
  }
  const { exchange, tickMs } = tick;
  const report = await verifyCandles(ports, { exchange, tickMs, symbols: symbols(exchange), ...settings });
  logReport(logger, report);
  onReport?.(report);
}

/** One line a tick that a person can read; what went wrong has lines of its own. */
function logReport(logger: Logger, { exchange, tickMs, found, failed, problems, ...counts }: VerifyReport): void {
  const tick = new Date(tickMs).toISOString();
  const unsettled = counts.findingsOpen + counts.gapsOpen + counts.tradeGapsOpen + failed.length;
  logger.info('verified', { exchange, tick, ...counts, found: found.length, failed: failed.length, unsettled });
  for (const { hourMs, reason } of failed)
    logger.error('an hour could not be verified; the next tick tries again', { exchange, hour: new Date(hourMs).toISOString(), reason });
  for (const { series, openTimeMs, witness, message } of found)
    logger.warn('a candle and its witness disagree', { ...series, candle: new Date(openTimeMs).toISOString(), witness, message });
  for (const { key, reason } of problems) logger.warn('a part of the archive cannot be read', { exchange, tick, key, reason });
}

/** On Lambda: configuration from the bundle, secrets and overrides from the environment, opened at the first event. */
export const handler = createVerifyHandler(async () => {
  const { root, config, parts, environment, db } = await openFunctionHost('verify', process.env);
  const { clock, timer, logger } = parts;
  const { timeframes, rereadAfterHours } = config.sync;
  return {
    settings: { timeframes, rereadAfterHours },
    symbols: (exchange) => config.exchanges[exchange]?.symbols ?? [],
    db,
    storage: createStorageClient(config, { timer, directory: join(root, '.tidemark/archive'), environment }),
    clock,
    logger,
  };
});
