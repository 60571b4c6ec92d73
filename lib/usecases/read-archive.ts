import type { Exchange } from '#core/exchange.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { compareTradeIds } from '#core/trade-id.ts';
import type { CheckedTrade } from '#core/trade.ts';
import { archiveDayPrefix, HOUR_MS, hourOf, parseArchiveKey } from '#domain/trades/archive-key.ts';
import { parseArchiveText } from '#domain/trades/archive-object.ts';
import { decodeUtf8 } from '#std/utf8.ts';
import { decompressZstd } from '#std/zstd.ts';

export type ArchiveQuery = {
  readonly exchange: Exchange;
  readonly symbols: readonly MarketSymbol[];
  /** Event times from `fromMs` (inclusive) to `untilMs` (exclusive), UTC ms. */
  readonly fromMs: number;
  readonly untilMs: number;
};

/** The trades of one market in one hour: each once, ascending by id. */
export type ArchivedHour = {
  readonly symbol: MarketSymbol;
  readonly hourMs: number;
  readonly trades: readonly CheckedTrade[];
  /** Further copies of trades, which a stream delivers now and then. */
  readonly duplicates: number;
};

/** An object or a line of it that cannot be used. */
export type ArchiveProblem = { readonly key: string; readonly reason: string };

/** An object of one batch cannot honestly hold more. */
const MAX_OBJECT_BYTES = 1024 * 1024 * 1024;
const DAY_MS = 24 * HOUR_MS;

/**
 * Reads trades from the archive, hour after hour and in the order of `symbols` within one, so that only one hour is in memory. Every trade
 * comes exactly once by (exchange, symbol, id): all copies of it have the same event time, so they are in the same hour. Hours without a
 * trade of a symbol are left out. What cannot be read is told to `onProblem`, and everything else still comes.
 */
export async function* readArchive(
  { storage }: { readonly storage: Pick<StorageClient, 'getObject' | 'listObjects'> },
  query: ArchiveQuery,
  onProblem: (problem: ArchiveProblem) => void,
): AsyncGenerator<ArchivedHour> {
  const { exchange, symbols, fromMs, untilMs } = query;
  for (let dayMs = Math.floor(fromMs / DAY_MS) * DAY_MS; dayMs < untilMs; dayMs += DAY_MS) {
    // oxlint-disable-next-line no-await-in-loop -- one hour in memory at a time
    for (const [hourMs, keys] of await keysByHour(storage, archiveDayPrefix(exchange, dayMs), query, onProblem)) {
      // oxlint-disable-next-line no-await-in-loop -- one hour in memory at a time
      const found = await readHour(storage, query, hourMs, keys, onProblem);
      yield* symbols.flatMap((symbol) => archivedHour(symbol, hourMs, found.get(symbol)));
    }
  }
}

/** Keys of a day's objects that can hold trades of the window, oldest hour first. */
async function keysByHour(
  storage: Pick<StorageClient, 'listObjects'>,
  prefix: string,
  { fromMs, untilMs }: ArchiveQuery,
  onProblem: (problem: ArchiveProblem) => void,
): Promise<readonly (readonly [hourMs: number, keys: readonly string[]])[]> {
  const hours = new Map<number, string[]>();
  for await (const key of storage.listObjects(prefix)) {
    const hourMs = parseArchiveKey(key)?.hourMs;
    if (hourMs === undefined) onProblem({ key, reason: 'the key is not one of the archive' });
    else if (hourMs + HOUR_MS > fromMs && hourMs < untilMs) {
      const keys = hours.get(hourMs) ?? [];
      keys.push(key);
      hours.set(hourMs, keys);
    }
  }
  return [...hours].sort(([a], [b]) => a - b);
}

function archivedHour(symbol: MarketSymbol, hourMs: number, found: OfSymbol | undefined): readonly ArchivedHour[] {
  if (found === undefined || found.byId.size === 0) return [];
  const trades = [...found.byId.values()].sort((a, b) => compareTradeIds(a.trade.id, b.trade.id));
  return [{ symbol, hourMs, trades, duplicates: found.duplicates }];
}

type OfSymbol = { readonly byId: Map<string, CheckedTrade>; duplicates: number };
type Found = Map<MarketSymbol, OfSymbol>;

async function readHour(
  storage: Pick<StorageClient, 'getObject'>,
  { exchange, symbols, fromMs, untilMs }: ArchiveQuery,
  hourMs: number,
  keys: readonly string[],
  onProblem: (problem: ArchiveProblem) => void,
): Promise<Found> {
  const found: Found = new Map(symbols.map((symbol) => [symbol, { byId: new Map<string, CheckedTrade>(), duplicates: 0 }]));
  for (const key of keys) {
    // oxlint-disable-next-line no-await-in-loop -- one object in memory at a time
    for (const checked of await readObject(storage, key, onProblem)) {
      const { trade } = checked;
      const ofSymbol = found.get(trade.symbol);
      if (trade.exchange !== exchange || hourOf(trade.eventTimeMs) !== hourMs)
        onProblem({ key, reason: `trade ${trade.exchange} ${trade.symbol} "${trade.id}" does not belong there` });
      else if (ofSymbol === undefined || trade.eventTimeMs < fromMs || trade.eventTimeMs >= untilMs) continue;
      else if (ofSymbol.byId.has(trade.id)) ofSymbol.duplicates++;
      else ofSymbol.byId.set(trade.id, checked);
    }
  }
  return found;
}

async function readObject(
  storage: Pick<StorageClient, 'getObject'>,
  key: string,
  onProblem: (problem: ArchiveProblem) => void,
): Promise<readonly CheckedTrade[]> {
  const body = await storage.getObject(key);
  // Removed after it was listed: its time was over.
  if (body === null) return [];
  const text = readText(body);
  if (typeof text === 'string') {
    onProblem({ key, reason: text });
    return [];
  }
  const { trades, refused } = parseArchiveText(text.text);
  for (const { line, reason } of refused) onProblem({ key, reason: `line ${line}: ${reason}` });
  return trades;
}

/** A string is the reason why there is no text. */
function readText(body: Uint8Array): { readonly text: string } | string {
  try {
    return { text: decodeUtf8(decompressZstd(body, MAX_OBJECT_BYTES)) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
