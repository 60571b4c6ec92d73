import type { FileFinding } from '#core/file-finding.ts';
import { createColumns, type CandleColumns } from './candle-columns.ts';
import { findingsOf, regularDistance, type Fault } from './finding-runs.ts';
import type { CandleRow, TradeRow } from './recording-row.ts';

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

/** Checks the trades of one market as they come, and makes minutes of them. Its memory grows with minutes and holes, not with trades. */
export function createTradeFileAudit(): TradeFileAudit {
  const minutes = new Map<number, CandleRow>();
  const holes: IdHole[] = [];
  const back: Fault[] = [];
  const twice: Fault[] = [];
  const facts = { rows: 0, fromMs: Number.POSITIVE_INFINITY, toMs: 0, sameMillisecond: 0 };
  let newest: { readonly id: number; readonly timeMs: number } | null = null;
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    add(trade) {
      const { id, timeMs } = trade;
      facts.rows += 1;
      facts.fromMs = Math.min(facts.fromMs, timeMs);
      facts.toMs = Math.max(facts.toMs, timeMs);
      if (timeMs === lastMs) facts.sameMillisecond += 1;
      if (id !== null && id === newest?.id) {
        twice.push({ timeMs, message: `trade ${id} is there twice` });
        return;
      }
      const isBack = timeMs < lastMs || (id !== null && newest !== null && id < newest.id);
      if (isBack) back.push({ timeMs, message: `${id === null ? 'the trade' : `trade ${id}`} comes after a later one` });
      lastMs = timeMs;
      addTo(minutes, trade);
      if (id === null || (newest !== null && id < newest.id)) return;
      if (newest !== null && id > newest.id + 1)
        holes.push({ firstId: newest.id + 1, ids: id - newest.id - 1, fromMs: newest.timeMs, toMs: timeMs });
      newest = { id, timeMs };
    },
    end() {
      if (facts.rows === 0) return null;
      const missingIds = newest === null ? null : holes.reduce((sum, { ids }) => sum + ids, 0);
      const findings = [...findingsOf('order', back, 0), ...findingsOf('duplicate', twice, 0), ...idFindings(holes)];
      const all = createColumns();
      for (const minute of [...minutes.values()].sort((a, b) => a.openTimeMs - b.openTimeMs)) all.add(minute);
      return { facts: { ...facts, missingIds, stepsBack: back.length, duplicates: twice.length }, findings, minutes: all.columns() };
    },
  };
}

type IdHole = { readonly firstId: number; readonly ids: number; readonly fromMs: number; readonly toMs: number };

function addTo(minutes: Map<number, CandleRow>, { timeMs, price, size }: TradeRow): void {
  const openTimeMs = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
  const known = minutes.get(openTimeMs) ?? {
    symbol: '',
    openTimeMs,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: 0,
    trades: 0,
  };
  minutes.set(openTimeMs, {
    ...known,
    high: Math.max(known.high, price),
    low: Math.min(known.low, price),
    close: price,
    volume: known.volume + size,
    trades: (known.trades ?? 0) + 1,
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
