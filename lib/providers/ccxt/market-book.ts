import { ExchangeError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { MarketReport } from '#core/ports/exchange-rest-api.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { isPausing, type SharedMemory } from './exchange-pause.ts';
import { isRecord, type MarketListing } from './protocol.ts';

/** Listings change rarely; a failed load is not kept, so the next call asks again. */
const FRESH_MS = 6 * 3_600_000;

/** A symbol may only be halted, as all of them are during an exchange's maintenance: it is asked for again sooner. */
const UNAVAILABLE_LASTS_MS = 10 * 60_000;

/** How long the last good list stands in for one that cannot be loaded. */
const LAST_GOOD_SECONDS = 86_400;

export type MarketBookOptions = {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly cache: SharedMemory;
  readonly logger: Logger;
  /** Asks the exchange. Rejects with `ExchangeError`. */
  readonly list: (symbols: readonly MarketSymbol[]) => Promise<MarketListing>;
};

export type MarketBook = {
  load(symbols: readonly MarketSymbol[]): Promise<MarketReport>;
  idOf(symbol: MarketSymbol): string | undefined;
  /** The exchange does not know a symbol that its list has: it is left out until the list is asked for again. */
  quarantine(symbol: MarketSymbol, reason: string): void;
};

type Known = { readonly asked: string; readonly listing: MarketListing; readonly loadedAtMs: number; freshUntilMs: number };

/**
 * Which markets an exchange has, and what it calls them. A list that cannot be loaded is replaced by the last good one for up to 24 hours;
 * that one is in the cache too (`markets:{exchange}`), for a process that has just begun.
 */
export function createMarketBook({ exchange, clock, cache, logger, list }: MarketBookOptions): MarketBook {
  const ids = new Map<MarketSymbol, string>();
  const quarantined = new Map<MarketSymbol, string>();
  const key = `markets:${exchange}`;
  let known: Known | null = null;

  const reportOf = ({ markets, unavailable }: MarketListing, loadedAtMs: number | null): MarketReport => ({
    listed: markets.map(({ symbol }) => symbol).filter((symbol) => !quarantined.has(symbol)),
    unavailable: [
      ...unavailable,
      ...markets.flatMap(({ symbol }) => {
        const reason = quarantined.get(symbol);
        return reason === undefined ? [] : [{ symbol, reason }];
      }),
    ],
    ...(loadedAtMs === null ? {} : { loadedAtMs }),
  });
  const adopt = (listing: MarketListing): void => {
    for (const { symbol, id } of listing.markets) ids.set(symbol, id);
  };

  const keep = async (asked: string, listing: MarketListing): Promise<void> => {
    const nowMs = clock.nowMs();
    const lastsMs = listing.unavailable.length === 0 ? FRESH_MS : UNAVAILABLE_LASTS_MS;
    known = { asked, listing, loadedAtMs: nowMs, freshUntilMs: nowMs + lastsMs };
    const fields = { asked, loaded_at: String(nowMs), listing: JSON.stringify(listing) };
    try {
      await cache.writeHashes([{ key, fields }], LAST_GOOD_SECONDS);
    } catch (error) {
      logger.warn('the list of markets cannot be kept in the cache', { exchange, error });
    }
  };

  const lastGood = async (asked: string): Promise<Known | null> => {
    const found = known?.asked === asked ? known : await readCached(asked);
    return found !== null && clock.nowMs() < found.loadedAtMs + LAST_GOOD_SECONDS * 1000 ? found : null;
  };
  const readCached = async (asked: string): Promise<Known | null> => {
    try {
      return readKnown(asked, await cache.readHash(key));
    } catch (error) {
      logger.warn('the last good list of markets cannot be read', { exchange, error });
      return null;
    }
  };

  return {
    idOf: (symbol) => ids.get(symbol),
    quarantine(symbol, reason) {
      quarantined.set(symbol, reason);
      if (known !== null) known.freshUntilMs = Math.min(known.freshUntilMs, clock.nowMs() + UNAVAILABLE_LASTS_MS);
    },
    async load(symbols) {
      const asked = symbols.join();
      if (known?.asked === asked && clock.nowMs() < known.freshUntilMs) return reportOf(known.listing, null);
      if (symbols.length === 0) return { listed: [], unavailable: [] };
      try {
        const listing = await list(symbols);
        quarantined.clear();
        adopt(listing);
        await keep(asked, listing);
        return reportOf(listing, null);
      } catch (error) {
        if (!(error instanceof ExchangeError) || isPausing(error.code)) throw error;
        const last = await lastGood(asked);
        if (last === null) throw error;
        const ageMinutes = Math.floor((clock.nowMs() - last.loadedAtMs) / 60_000);
        logger.warn('the list of markets cannot be loaded; the last good one is used', { exchange, ageMinutes, reason: error.message });
        adopt(last.listing);
        return reportOf(last.listing, last.loadedAtMs);
      }
    },
  };
}

/** Null for no record, one of other symbols, and one that is not ours. */
function readKnown(asked: string, fields: Readonly<Record<string, string>> | null): Known | null {
  if (fields === null || fields['asked'] !== asked) return null;
  const loadedAt = fields['loaded_at'] ?? '';
  const listing = readListing(fields['listing'] ?? '', new Set(asked.split(',')));
  return listing === null || !/^\d{1,15}$/.test(loadedAt) ? null : { asked, listing, loadedAtMs: Number(loadedAt), freshUntilMs: 0 };
}

function readListing(text: string, asked: ReadonlySet<string>): MarketListing | null {
  const value = parsed(text);
  if (!isRecord(value) || !Array.isArray(value['markets']) || !Array.isArray(value['unavailable'])) return null;
  const isNamed = (entry: unknown, other: string): boolean =>
    isRecord(entry) && typeof entry['symbol'] === 'string' && asked.has(entry['symbol']) && typeof entry[other] === 'string';
  const isListing =
    value['markets'].every((entry) => isNamed(entry, 'id')) && value['unavailable'].every((entry) => isNamed(entry, 'reason'));
  return isListing ? (value as MarketListing) : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Another version's record, or a broken one: as good as none.
    return null;
  }
}
