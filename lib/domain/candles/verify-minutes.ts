import type { Candle, StoredCandle } from '#core/candle.ts';
import type { CandleAgreement } from '#core/candle-agreement.ts';
import type { FindingWitness } from '#core/candle-finding.ts';
import type { TradeMinute } from '#core/trade-minute.ts';
import { isWitness, tradesDifference } from '../audit/audit-witness.ts';
import { differingFigures } from './compare.ts';
import { finalityOf, sourceRankOf, TRADES_SOURCE_RANK, withFinality } from './version.ts';

/** What three sources say of the minutes of one market: the exchange's candles, the live stream, the archived trades. */
export type Testimony = {
  readonly candles: readonly StoredCandle[];
  readonly minutes: readonly TradeMinute[];
  /** Made from the trades of the archive, with their counts. */
  readonly archived: readonly Candle[];
};

type Disagreement = { readonly openTimeMs: number; readonly witness: FindingWitness; readonly message: string };

export type MinuteVerdicts = Pick<CandleAgreement, 'candles' | 'witnessed' | 'agreed' | 'verified'> & {
  /** Candles on which all three agree and that were only closed so far, with the version that says so. */
  readonly proven: readonly StoredCandle[];
  readonly disagreements: readonly Disagreement[];
  /** Minutes that were held against trades, UTC ms. */
  readonly compared: readonly number[];
};

/**
 * Holds candles against trades. Only a minute of which the stream saw every trade, none of them made up, is a witness; without it the
 * archive is none either, since nothing else says that its trades are all. The version of a proven candle differs from the stored one
 * in its finality alone: it was fetched when it was fetched. A revised candle stays revised.
 */
export function verifyMinutes({ candles, minutes, archived }: Testimony): MinuteVerdicts {
  const candleAt = new Map(candles.map((candle) => [candle.openTimeMs, candle]));
  const archivedAt = new Map(archived.map((candle) => [candle.openTimeMs, candle]));
  const proven: StoredCandle[] = [];
  const disagreements: Disagreement[] = [];
  let agreed = 0;
  let verified = 0;
  const witnesses = minutes.filter(isWitness);
  for (const minute of witnesses) {
    const { openTimeMs } = minute;
    const candle = candleAt.get(openTimeMs);
    const lost = archiveDifference(minute, archivedAt.get(openTimeMs));
    if (lost !== null) disagreements.push({ openTimeMs, witness: 'archive', message: lost });
    const wrong = streamDifference(minute, candle);
    if (wrong !== null) disagreements.push({ openTimeMs, witness: 'stream', message: wrong });
    if (candle === undefined || wrong !== null) continue;
    agreed++;
    // Trades prove nothing about a candle that was made from them.
    if (lost !== null || sourceRankOf(candle.version) <= TRADES_SOURCE_RANK) continue;
    verified++;
    if (finalityOf(candle.version) === 'closed') proven.push({ ...candle, version: withFinality(candle.version, 'verified') });
  }
  return {
    candles: candles.length,
    witnessed: witnesses.length,
    agreed,
    verified,
    proven,
    disagreements,
    compared: witnesses.map(({ openTimeMs }) => openTimeMs),
  };
}

function streamDifference(minute: TradeMinute, candle: Candle | undefined): string | null {
  return candle === undefined ? `no candle, but the stream saw ${minute.tradeCount} trades` : tradesDifference(candle, minute);
}

function archiveDifference(minute: TradeMinute, archived: Candle | undefined): string | null {
  const kept = archived?.tradeCount ?? 0;
  if (archived === undefined || kept !== minute.tradeCount)
    return `the archive has ${kept} of the ${minute.tradeCount} trades ${minute.firstId} to ${minute.lastId}`;
  const wrong = differingFigures(archived, minute);
  if (wrong.length === 0) return null;
  return wrong.map((figure) => `${figure} ${archived[figure]} in the archive, ${minute[figure]} in the stream`).join('; ');
}
