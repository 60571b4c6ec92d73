import type { Config } from '#config/load.ts';
import type { StreamClient } from '#core/ports/stream-client.ts';
import { createMemoryStream } from '#providers/memory/memory-stream.ts';

const PROVIDERS = {
  memory: createMemoryStream,
} as const satisfies Record<Config['streaming']['stream']['provider'], (options: { readonly maxRecords: number }) => StreamClient>;

export function createStreamClient(config: Config): StreamClient {
  const { provider, maxRecords } = config.streaming.stream;
  return PROVIDERS[provider]({ maxRecords });
}
