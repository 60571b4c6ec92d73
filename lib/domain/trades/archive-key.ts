import { isExchange, type Exchange } from '#core/exchange.ts';

export const HOUR_MS = 3_600_000;

/** Which records of a stream an object was made from. `shard` and the sequences are digits, of any length. */
export type RecordRange = { readonly shard: string; readonly firstSequence: string; readonly lastSequence: string };

/** `trades/exchange=E/date=YYYY-MM-DD/hour=HH/`: what every object with trades of that exchange and hour (UTC) begins with. */
function archivePrefix(exchange: Exchange, hourMs: number): string {
  return `${archiveDayPrefix(exchange, hourMs)}hour=${new Date(hourMs).toISOString().slice(11, 13)}/`;
}

/** What every object with trades of that exchange and day (UTC) begins with. */
export function archiveDayPrefix(exchange: Exchange, timeMs: number): string {
  return `trades/exchange=${exchange}/date=${new Date(timeMs).toISOString().slice(0, 10)}/`;
}

/** Key of the object with the trades of one exchange and hour from these records: the same records give the same key. */
export function archiveKey(exchange: Exchange, hourMs: number, { shard, firstSequence, lastSequence }: RecordRange): string {
  return `${archivePrefix(exchange, hourMs)}${shard}-${firstSequence}-${lastSequence}.ndjson.zst`;
}

/** Where a record that could not be read is kept: its bytes, and beside them why. */
export function poisonKeys(shard: string, sequence: string): { readonly bytes: string; readonly reason: string } {
  const key = `poison/${shard}-${sequence}`;
  return { bytes: `${key}.bin`, reason: `${key}.json` };
}

/** Start of the hour of a time, UTC ms. */
export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
}

const KEY = /^trades\/exchange=([a-z]+)\/date=(\d{4}-\d{2}-\d{2})\/hour=(\d{2})\/[^/]+\.ndjson\.zst$/;

/** Exchange and hour of an object's key, or undefined for a key that is none of ours. */
export function parseArchiveKey(key: string): { readonly exchange: Exchange; readonly hourMs: number } | undefined {
  const [, exchange, date, hour] = KEY.exec(key) ?? [];
  const hourMs = Date.parse(`${date}T${hour}:00:00Z`);
  return isExchange(exchange) && Number.isFinite(hourMs) ? { exchange, hourMs } : undefined;
}
