import type { Config } from '#config/load.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import { EXCHANGES, type Exchange } from '#core/exchange.ts';
import { seriesKey } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
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
const SHOWN_OPEN = 20;

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
        exchanges: EXCHANGES,
        indicators: config.indicators,
        sampleCandles: options.sampleCandles,
        keptFromMs: isReplay || ttlDays === 0 ? Number.NEGATIVE_INFINITY : parts.clock.nowMs() - ttlDays * DAY_MS,
        ...(isReplay ? {} : { nowMs: parts.clock.nowMs() }),
      },
    );
    const notConfigured = report.exchanges.filter((exchange) => !(exchange in config.exchanges));
    write(options.isJson ? `${JSON.stringify(jsonOf(report, notConfigured))}\n` : textOf(report, notConfigured));
    return report.findings.length === 0 ? 0 : 1;
  } finally {
    await stack.close();
  }
}

function jsonOf({ findings, open, ...report }: AuditReport, notConfigured: readonly Exchange[]): unknown {
  return {
    clean: findings.length === 0,
    ...report,
    notConfigured,
    open: open.map(({ series, fromMs, untilMs, detectedAtMs, reason, evidence }) => ({
      ...series,
      from: iso(fromMs),
      until: iso(untilMs),
      candles: candlesOf({ series, fromMs, untilMs }),
      reason,
      evidence,
      detectedAt: iso(detectedAtMs),
    })),
    findings: findings.map(({ check, series, openTimeMs, candles, message }) => ({
      check,
      ...series,
      openTime: iso(openTimeMs),
      ...(candles === undefined ? {} : { candles }),
      message,
    })),
  };
}

function textOf(report: AuditReport, notConfigured: readonly Exchange[]): string {
  const { series, candles, witnessed, indicatorValues, findings } = report;
  const lines = [
    `${count(candles)} candles of ${count(series)} series, ${count(indicatorValues)} indicator values computed again, ${count(witnessed)} minutes held against their trades`,
    ...(notConfigured.length === 0 ? [] : [`stored, and not in the configuration: ${notConfigured.join(', ')}`]),
    ...explainedLines(report),
    ...openLines(report.open),
    ...findings.slice(0, SHOWN).map((one) => `${one.check.padEnd(16)} ${seriesKey(one.series)} ${iso(one.openTimeMs)}  ${one.message}`),
    ...(findings.length > SHOWN ? [`and ${count(findings.length - SHOWN)} findings more; --json prints all`] : []),
    findings.length === 0 ? 'clean: no findings' : `${count(findings.length)} findings`,
  ];
  return `${lines.join('\n')}\n`;
}

function explainedLines({ explainedBy }: AuditReport): readonly string[] {
  const lines = Object.entries(explainedBy).map(([timeframe, reasons]) => {
    const gaps = Object.entries(reasons).map(([reason, number]) => `${count(number)} ${reason}`);
    return `explained in the ledger of gaps: ${timeframe.padEnd(3)}${gaps.join(', ')}`;
  });
  return lines.length === 0 ? ['explained in the ledger of gaps: nothing missing'] : lines;
}

/** What is missing now, and asked for: no fault yet. */
function openLines(open: readonly CandleGap[]): readonly string[] {
  if (open.length === 0) return [];
  const total = open.reduce((sum, gap) => sum + candlesOf(gap), 0);
  const lines = open.slice(0, SHOWN_OPEN).map((gap) => {
    const { series, fromMs, reason, evidence, detectedAtMs } = gap;
    return `  ${seriesKey(series)} ${iso(fromMs)}  ${count(candlesOf(gap))} candles, ${reason}: ${evidence}; found at ${iso(detectedAtMs)}`;
  });
  const more = open.length > SHOWN_OPEN ? [`  and ${count(open.length - SHOWN_OPEN)} more; --json prints all`] : [];
  return [`open, and asked for at every tick: ${count(total)} candles in ${count(open.length)} gaps`, ...lines, ...more];
}

function candlesOf({ series, fromMs, untilMs }: Pick<CandleGap, 'series' | 'fromMs' | 'untilMs'>): number {
  return (untilMs - fromMs) / TIMEFRAME_MS[series.timeframe];
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
