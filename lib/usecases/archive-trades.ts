import type { Logger } from '#core/ports/logger.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import type { CheckedTrade } from '#core/trade.ts';
import { archiveKey, poisonKeys } from '#domain/trades/archive-key.ts';
import { archiveText, hoursOfTrades, type HourOfTrades } from '#domain/trades/archive-object.ts';
import { parseTradeRecord, type RefusedLine } from '#domain/trades/trade-record.ts';
import { mapConcurrent } from '#std/map-concurrent.ts';
import { decodeUtf8 } from '#std/utf8.ts';
import { compressZstd, decompressZstd } from '#std/zstd.ts';

/** A record as the stream hands it over. `sequence` is decimal digits; `data` null when its transport encoding was broken. */
export type ArchiveRecord = {
  readonly sequence: string;
  readonly partitionKey: string;
  readonly data: Uint8Array | null;
  /** What was there instead of bytes, when `data` is null. */
  readonly raw?: Uint8Array;
  readonly arrivedAtMs: number;
};

export type ArchiveInput = { readonly shard: string; readonly records: readonly ArchiveRecord[] };

export type ArchiveReport = {
  readonly records: number;
  readonly trades: number;
  /** Trades that were in the batch more than once, the further ones. */
  readonly duplicates: number;
  readonly objects: readonly string[];
  readonly bytes: number;
  /** Records of which something could not be read; they are parked, and do not fail the batch. */
  readonly poisoned: readonly { readonly sequence: string; readonly reason: string }[];
  /** The oldest record that must come again, because a write failed; null when everything is stored. */
  readonly failedSequence: string | null;
};

/** A record of 1 MiB, the most that a stream takes, cannot honestly hold more. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;
/** Objects are read far more often than written. */
const LEVEL = 6;
const WRITES_AT_A_TIME = 4;
/** Refused lines that a reason object lists; the rest is counted. */
const MAX_LISTED = 100;

/**
 * Stores the trades of a batch: one object per exchange and hour of event time, compressed, in a fixed order. The same batch gives the same
 * keys and bytes, so that it may be repeated. A record that cannot be read is parked with its bytes and the reason, once, under a key of its
 * own; its good lines are stored like all others. When a write fails, the report names the oldest record it held, and nothing is lost: the
 * stream hands over everything from there again.
 */
export async function archiveTrades(
  { storage, logger }: { readonly storage: Pick<StorageClient, 'putObject'>; readonly logger: Logger },
  { shard, records }: ArchiveInput,
): Promise<ArchiveReport> {
  const read = records.map((record) => ({ record, content: readRecord(record.data) }));
  const trades = read.flatMap(({ content }) => [...content.trades]);
  const origins = new Map(read.flatMap(({ record, content }) => content.trades.map((trade) => [trade, record.sequence] as const)));
  const hours = hoursOfTrades(trades);
  const poison = read.filter(({ content }) => content.refused.length > 0);
  const range = { shard, firstSequence: records[0]?.sequence ?? '', lastSequence: records.at(-1)?.sequence ?? '' };

  const written = await mapConcurrent(hours, WRITES_AT_A_TIME, async (hour) => {
    const body = compressZstd(archiveText(hour.trades), LEVEL);
    const key = archiveKey(hour.exchange, hour.hourMs, range);
    const error = await attempt(() => storage.putObject(key, body));
    if (error === null) return { key, bytes: body.length, failed: [] };
    logger.error('an archive object could not be written; its records are read again', { key, error });
    return { key, bytes: 0, failed: sequencesOf(hour, origins) };
  });
  const parked = await mapConcurrent(poison, WRITES_AT_A_TIME, async ({ record, content }) => {
    const error = await attempt(() => park(storage, shard, record, content.refused));
    if (error === null)
      logger.warn('a record could not be read and is parked', { shard, sequence: record.sequence, ...content.refused[0] });
    else logger.error('a record that cannot be read could not be parked; it is read again', { sequence: record.sequence, error });
    return error === null ? [] : [record.sequence];
  });
  const failed = [...written.flatMap((one) => one.failed), ...parked.flat()];
  return {
    records: records.length,
    trades: hours.reduce((total, hour) => total + hour.trades.length, 0),
    duplicates: trades.length - hours.reduce((total, hour) => total + hour.trades.length, 0),
    objects: written.flatMap(({ key, failed: lost }) => (lost.length === 0 ? [key] : [])),
    bytes: written.reduce((total, { bytes }) => total + bytes, 0),
    poisoned: poison.map(({ record, content }) => ({ sequence: record.sequence, reason: content.refused[0]?.reason ?? '' })),
    failedSequence: oldest(failed, records),
  };
}

type Content = { readonly trades: readonly CheckedTrade[]; readonly refused: readonly RefusedLine[] };

function readRecord(data: Uint8Array | null): Content {
  const text = data === null ? 'the data is not base64' : readText(data);
  if (typeof text === 'string') return refusedWhole(text);
  const record = parseTradeRecord(text.text);
  return typeof record === 'string' ? refusedWhole(record) : record;
}

function refusedWhole(reason: string): Content {
  return { trades: [], refused: [{ line: 0, reason, excerpt: '' }] };
}

/** A string is the reason why there is no text. */
function readText(data: Uint8Array): { readonly text: string } | string {
  try {
    return { text: decodeUtf8(decompressZstd(data, MAX_RECORD_BYTES)) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function park(
  storage: Pick<StorageClient, 'putObject'>,
  shard: string,
  { sequence, partitionKey, data, raw, arrivedAtMs }: ArchiveRecord,
  refused: readonly RefusedLine[],
): Promise<void> {
  const keys = poisonKeys(shard, sequence);
  const reason = {
    shard,
    sequence,
    partitionKey: partitionKey.slice(0, 256),
    arrived_at: arrivedAtMs,
    refused: refused.length,
    lines: refused.slice(0, MAX_LISTED),
  };
  // The bytes first: a reason without bytes would explain nothing.
  await storage.putObject(keys.bytes, data ?? raw ?? new Uint8Array());
  await storage.putObject(keys.reason, new TextEncoder().encode(`${JSON.stringify(reason)}\n`));
}

/** What went wrong, or null. */
async function attempt(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return null;
  } catch (error) {
    return error ?? new Error('a write failed without a reason');
  }
}

function sequencesOf({ trades }: HourOfTrades, origins: ReadonlyMap<CheckedTrade, string>): string[] {
  return trades.flatMap((trade) => origins.get(trade) ?? []);
}

/** Of some sequences the one that comes first in the batch. */
function oldest(sequences: readonly string[], records: readonly ArchiveRecord[]): string | null {
  const wanted = new Set(sequences);
  return records.find(({ sequence }) => wanted.has(sequence))?.sequence ?? null;
}
