import { join } from 'node:path';
import { ConfigError } from '#core/errors.ts';
import type { FileFinding } from '#core/file-finding.ts';
import { readAnswer } from '#recorded-exchange/recorded-answers.ts';
import { readSessionLine } from '#recorded-exchange/session-trades.ts';
import { auditFiles, type AuditFilesReport, type Comparison, type FileReport, type MarketReport } from '#usecases/audit-files.ts';
import { findRecordings, readLines } from './recording-lines.ts';
import { iso } from './replay-plan.ts';

export type AuditFilesOptions = { readonly path: string; readonly isJson: boolean };

export type AuditFilesOutput = {
  readonly write: (text: string) => void;
  /** Progress, for a person who waits. */
  readonly status: (text: string) => void;
};

/** Binance sends a flat row where nothing was traded. Kraken does too, but the recordings of it in circulation are made from trades. */
const SENDING_EVERY_STEP: ReadonlySet<string> = new Set(['binance', 'binanceus']);

/**
 * Checks recording files before they are loaded, and prints what it found. Resolves to the exit code: 0 clean, 1 findings. Throws `ConfigError`
 * for a path without a recording, and for files that cannot be read.
 */
export async function runAuditFiles({ path, isJson }: AuditFilesOptions, { write, status }: AuditFilesOutput): Promise<0 | 1> {
  const { root, names, isFolder } = findRecordings(path);
  const report = await auditFiles(
    {
      lines: (name) => readLines(isFolder ? join(root, name) : name),
      readSessionLine,
      readAnswer,
      onFile: (name, index, total) => status(`${index + 1} of ${total} files: ${name}`),
    },
    { names, sendsEveryStep: (exchange) => SENDING_EVERY_STEP.has(exchange) },
  );
  if (report.files.every(({ kind }) => kind === 'answer'))
    throw new ConfigError(
      `--files "${path}" holds no recording, only JSON about other things than candles and trades${isFolder ? ` (${names[0]})` : ''}, expected candles or trades; correct it`,
    );
  write(isJson ? `${JSON.stringify(jsonOf(report))}\n` : textOf(report));
  return report.findings === 0 ? 0 : 1;
}

function jsonOf({ files, findings, ...counts }: AuditFilesReport): unknown {
  return {
    clean: findings === 0,
    ...counts,
    findings,
    files: files.map((file) => ({ ...file, findings: file.findings.map(jsonFinding) })),
  };
}

function jsonFinding({ check, symbol, fromMs, toMs, count, message }: FileReport['findings'][number]): unknown {
  return {
    check,
    ...(symbol === '' ? {} : { symbol }),
    from: fromMs === null ? null : iso(fromMs),
    to: toMs === null ? null : iso(toMs),
    count,
    message,
  };
}

/** What a person reads: a paragraph for each file, with the first finding of each check. */
function textOf({ files, findings, candles, trades }: AuditFilesReport): string {
  const notRead = files.filter(({ kind }) => kind === 'answer').length;
  const lines = [
    ...files.filter(({ kind }) => kind !== 'answer').flatMap(fileLines),
    ...(notRead === 0 ? [] : [`not checked: ${counted(notRead, 'file')} of JSON about other things than candles and trades`]),
    `${counted(files.length, 'file')}, ${counted(candles, 'candle')}, ${counted(trades, 'trade')}: ${findings === 0 ? 'clean, no findings' : counted(findings, 'finding')}`,
  ];
  return `${lines.join('\n')}\n`;
}

function fileLines({ file, kind, markets, rollUps, witnesses, findings }: FileReport): readonly string[] {
  return [
    file,
    ...(markets.length <= 1 ? markets.map(marketText) : [marketsText(markets)]),
    ...(markets.length <= 1 ? [] : [totalsText(markets)]),
    ...(kind === 'session' && markets.length === 0 ? ['a captured session without trades'] : []),
    ...rollUps.map((one) => comparisonText(one, 'are what the rows add up to in')),
    ...witnesses.map((one) => comparisonText(one, 'are what the trades say in')),
    ...Array.from(Map.groupBy(findings, ({ check }) => check).values(), findingText),
  ].map((line, i) => (i === 0 ? line : `  ${line}`));
}

function marketText(market: MarketReport): string {
  const symbol = market.symbol === '' ? '' : `${market.symbol}: `;
  if ('trades' in market) {
    const { rows, fromMs, toMs, missingIds, sameMillisecond } = market.trades;
    const ids = missingIds === null ? 'no ids' : `${number(missingIds)} ids missing`;
    return `${symbol}${counted(rows, 'trade')}, ${iso(fromMs)} to ${iso(toMs)}, ${ids}, ${number(sameMillisecond)} in the millisecond of the one before`;
  }
  const { rows, fromMs, toMs, missing, longestHole, emptyRows } = market.candles;
  const longest = longestHole === null ? '' : ` (longest ${number(longestHole.candles)} from ${iso(longestHole.fromMs)})`;
  return `${symbol}${counted(rows, 'candle')} of ${market.timeframe}, ${iso(fromMs)} to ${iso(toMs)}, ${number(missing)} without a row${longest}, ${number(emptyRows)} rows without a trade`;
}

const MARKETS_NAMED = 8;

function marketsText(markets: readonly MarketReport[]): string {
  const more = markets.length > MARKETS_NAMED ? ', ...' : '';
  return `${markets.length} markets: ${markets
    .slice(0, MARKETS_NAMED)
    .map(({ symbol }) => symbol)
    .join(', ')}${more}`;
}

function totalsText(markets: readonly MarketReport[]): string {
  const sum = (of: (market: MarketReport) => number): string => number(markets.reduce((total, market) => total + of(market), 0));
  const candles = sum((market) => ('candles' in market ? market.candles.rows : 0));
  const missing = sum((market) => ('candles' in market ? market.candles.missing : 0));
  const trades = sum((market) => ('trades' in market ? market.trades.rows : 0));
  const ids = sum((market) => ('trades' in market ? (market.trades.missingIds ?? 0) : 0));
  return trades === '0' ? `${candles} candles, ${missing} without a row` : `${trades} trades, ${ids} ids missing`;
}

function comparisonText({ with: other, compared, equal }: Comparison, what: string): string {
  return `${number(equal)} of ${number(compared)} candles ${what} ${other}`;
}

/** Findings of one check: how many, and the first. */
function findingText(findings: readonly FileFinding[]): string {
  const [first] = findings;
  if (first === undefined) return '';
  const count = findings.reduce((sum, one) => sum + one.count, 0);
  const places = findings.length === 1 ? '' : ` in ${number(findings.length)} places, the first`;
  const at = first.fromMs === null ? '' : ` ${iso(first.fromMs)}`;
  return `! ${first.check.padEnd(10)} ${number(count)}${places}${at}: ${first.message}`;
}

function counted(count: number, what: string): string {
  return `${number(count)} ${what}${count === 1 ? '' : 's'}`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
