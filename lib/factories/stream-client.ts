import type { Config } from '#config/load.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { StreamClient } from '#core/ports/stream-client.ts';
import type { Timer } from '#core/ports/timer.ts';
import { createKinesisStream } from '#providers/aws/kinesis-stream.ts';
import { createMemoryStream, type MemoryStream } from '#providers/memory/memory-stream.ts';
import { createSystemRandom } from '#providers/system/system-random.ts';

export type StreamClientOptions = { readonly clock: Clock; readonly timer: Timer };

export type OpenedStream = {
  readonly stream: StreamClient;
  /** What a reader in this process takes from; null when the stream is elsewhere. */
  readonly memory: MemoryStream | null;
};

type Open = (settings: Config['streaming']['stream'], options: StreamClientOptions) => OpenedStream;

const PROVIDERS = {
  memory({ maxRecords }, { clock }) {
    const memory = createMemoryStream({ maxRecords, clock });
    return { stream: memory, memory };
  },
  kinesis({ name, deadlineMs }, { timer }) {
    return { stream: createKinesisStream({ name, deadlineMs, timer, random: createSystemRandom() }), memory: null };
  },
} as const satisfies Record<Config['streaming']['stream']['provider'], Open>;

/** The stream that `streaming.stream.provider` names. */
export function openStreamClient(config: Config, options: StreamClientOptions): OpenedStream {
  const { stream } = config.streaming;
  return PROVIDERS[stream.provider](stream, options);
}
