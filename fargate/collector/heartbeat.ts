import type { Exchange } from '#core/exchange.ts';
import type { CollectReport } from '#usecases/collect-trades.ts';
import { healthOf } from './health.ts';

/** What one exchange brought since the heartbeat before. */
export type Heartbeat = {
  readonly exchange: Exchange;
  readonly trades: number;
  readonly repaired: number;
  readonly suspicious: number;
  readonly refused: number;
  /** Gaps that are not closed now. */
  readonly openGaps: number;
  /** In words; null when it is well. */
  readonly problem: string | null;
};

type Reports = Pick<CollectReport, 'exchanges'>;

/** One heartbeat an exchange; its absence is what an alarm is about. */
export function heartbeatsOf(report: Reports, before: Reports | null, nowMs: number): readonly Heartbeat[] {
  return (Object.entries(report.exchanges) as [Exchange, NonNullable<Reports['exchanges'][Exchange]>][]).map(([exchange, now]) => {
    const earlier = before?.exchanges[exchange];
    const { problems } = healthOf({ exchanges: { [exchange]: now } }, nowMs);
    return {
      exchange,
      trades: now.accepted - (earlier?.accepted ?? 0),
      repaired: now.repaired - (earlier?.repaired ?? 0),
      suspicious: now.suspicious - (earlier?.suspicious ?? 0),
      refused: now.refused - (earlier?.refused ?? 0),
      openGaps: now.openGaps,
      problem: problems[0] ?? null,
    };
  });
}
