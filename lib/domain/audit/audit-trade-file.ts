import type { FileFinding } from '#core/file-finding.ts';
import { createColumns, type CandleColumns } from './candle-columns.ts';
import { findingsOf, regularDistance, type Fault } from './finding-runs.ts';
import type { CandleRow, TradeRow } from './recording-row.ts';
import { createSeenIds, type IdHole } from './seen-ids.ts';

export type TradeFileFacts = {
  readonly rows: number;
  /** Event times of the first and the last trade in time, UTC ms. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Ids between the lowest and the highest that are not there; null where the file has no ids. */
  readonly missingIds: number | null;
  readonly stepsBack: number;
  readonly duplicates: number;
  /** Trades in the same millisecond as the one before: there the order of the file decides open and close. */
  readonly sameMillisecond: number;
};

export type TradeFileAudit = {
  /** In the order of the file. */
  add(trade: TradeRow): void;
  /** Null for a file without a trade. */
  end(): { readonly facts: TradeFileFacts; readonly findings: readonly FileFinding[]; readonly minutes: CandleColumns } | null;
};

const MINUTE_MS = 60_000;

/**
 * Checks the trades of one market as they come, and makes minutes of them. A trade whose id was left out before comes late; one whose id was there
 * is a duplicate, such as where pages overlap, and is not counted again. Its memory grows with minutes, holes and faults, not with trades.
 */
export function createTradeFileAudit(): TradeFileAudit {
  const minutes = new Map<number, Minute>();
  const ids = createSeenIds();
  const back: Fault[] = [];
  const twice: Fault[] = [];
  const facts = { rows: 0, fromMs: Number.POSITIVE_INFINITY, toMs: 0, sameMillisecond: 0 };
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    add(trade) {
      const { id, timeMs } = trade;
      facts.rows += 1;
      facts.fromMs = Math.min(facts.fromMs, timeMs);
      facts.toMs = Math.max(facts.toMs, timeMs);
      if (timeMs === lastMs) facts.sameMillisecond += 1;
      const arrival = id === null ? 'next' : ids.take(id, timeMs);
      if (arrival === 'again') {
        twice.push({ timeMs, message: `trade ${id} is there twice` });
        return;
      }
      if (arrival === 'late' || timeMs < lastMs)
        back.push({ timeMs, message: `${id === null ? 'the trade' : `trade ${id}`} comes after a later one` });
      lastMs = timeMs;
      addTo(minutes, trade);
    },
    end() {
      if (facts.rows === 0) return null;
      const holes = ids.holes();
      const missingIds = holes?.reduce((sum, hole) => sum + hole.ids, 0) ?? null;
      const findings = [...findingsOf('order', back, 0), ...findingsOf('duplicate', twice, 0), ...idFindings(holes ?? [])];
      const all = createColumns();
      for (const { row } of [...minutes.values()].sort((a, b) => a.row.openTimeMs - b.row.openTimeMs)) all.add(row);
      return { facts: { ...facts, missingIds, stepsBack: back.length, duplicates: twice.length }, findings, minutes: all.columns() };
    },
  };
}

/** A minute, and which of its trades opened and closed it: `first` and `last` are ids, or times where there are none. */
type Minute = { readonly row: CandleRow; readonly first: number; readonly last: number };

function addTo(minutes: Map<number, Minute>, { id, timeMs, price, size }: TradeRow): void {
  const openTimeMs = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
  const place = id ?? timeMs;
  const known = minutes.get(openTimeMs);
  if (known === undefined) {
    const row = { symbol: '', openTimeMs, open: price, high: price, low: price, close: price, volume: size, trades: 1 };
    minutes.set(openTimeMs, { row, first: place, last: place });
    return;
  }
  const { row, first, last } = known;
  minutes.set(openTimeMs, {
    row: {
      ...row,
      open: place < first ? price : row.open,
      high: Math.max(row.high, price),
      low: Math.min(row.low, price),
      close: place >= last ? price : row.close,
      volume: row.volume + size,
      trades: (row.trades ?? 0) + 1,
    },
    first: Math.min(first, place),
    last: Math.max(last, place),
  });
}

function idFindings(holes: readonly IdHole[]): readonly FileFinding[] {
  const distance = regularDistance(holes.map(({ firstId }) => firstId));
  const how = distance === null ? '' : `, as every ${distance} ids: lost at the edges of pages`;
  return holes.map(({ firstId, ids, fromMs, toMs }) => {
    const which = ids === 1 ? `trade ${firstId} is` : `trades ${firstId} to ${firstId + ids - 1} are`;
    return { check: 'trade ids', fromMs, toMs, count: ids, message: `${which} missing${how}` };
  });
}
