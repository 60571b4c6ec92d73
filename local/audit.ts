import type { Config } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { auditStore, type AuditReport } from '#usecases/audit-store.ts';
import { openReadableStore } from './readable-store.ts';
import { iso } from './replay-plan.ts';
import { createStack } from './resource-stack.ts';

export type AuditOptions = {
  readonly dataDirectory: string;
  readonly isJson: boolean;
  /** So many of the newest candles of each series have their indicator values computed again. */
  readonly sampleCandles: number;
};

const DAY_MS = 86_400_000;
const SHOWN = 50;

/** Re-checks everything that is stored and prints what it found. Resolves to the exit code: 0 clean, 1 findings. */
export async function runAudit(config: Config, options: AuditOptions, write: (text: string) => void): Promise<0 | 1> {
  const parts = createHostParts('audit', { level: 'error', write: () => {} });
  const stack = createStack();
  try {
    const { db, isReplay } = await openReadableStore(config, options.dataDirectory, parts, stack);
    const { ttlDays } = config.databases.clickhouse;
    const report = await auditStore(
      { db },
      {
        exchanges: Object.keys(config.exchanges) as Exchange[],
        indicators: config.indicators,
        sampleCandles: options.sampleCandles,
        keptFromMs: isReplay || ttlDays === 0 ? Number.NEGATIVE_INFINITY : parts.clock.nowMs() - ttlDays * DAY_MS,
      },
    );
    write(options.isJson ? `${JSON.stringify(jsonOf(report))}\n` : textOf(report));
    return report.findings.length === 0 ? 0 : 1;
  } finally {
    await stack.close();
  }
}

function jsonOf({ findings, ...report }: AuditReport): unknown {
  return {
    clean: findings.length === 0,
    ...report,
    findings: findings.map(({ check, series, openTimeMs, message }) => ({ check, ...series, openTime: iso(openTimeMs), message })),
  };
}

function textOf({ series, candles, explained, witnessed, indicatorValues, findings }: AuditReport): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const gaps = Object.entries(explained).map(([reason, number]) => `${count(number)} ${reason}`);
  const lines = [
    `${count(candles)} candles of ${count(series)} series, ${count(indicatorValues)} indicator values computed again, ${count(witnessed)} minutes held against their trades`,
    `explained in the ledger of gaps: ${gaps.length === 0 ? 'nothing missing' : gaps.join(', ')}`,
    ...findings
      .slice(0, SHOWN)
      .map(
        (one) =>
          `${one.check.padEnd(16)} ${one.series.exchange} ${one.series.symbol} ${one.series.timeframe} ${iso(one.openTimeMs)}  ${one.message}`,
      ),
    ...(findings.length > SHOWN ? [`and ${count(findings.length - SHOWN)} findings more; --json prints all`] : []),
    findings.length === 0 ? 'clean: no findings' : `${count(findings.length)} findings`,
  ];
  return `${lines.join('\n')}\n`;
}
