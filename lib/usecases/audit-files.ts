import { FILE_CHECKS, type FileCheck, type FileFinding } from '#core/file-finding.ts';
import { auditCandleFile, type CandleFileFacts } from '#domain/audit/audit-candle-file.ts';
import { auditFileRollUp } from '#domain/audit/audit-file-roll-up.ts';
import { auditFileTrades, type TradeWitness } from '#domain/audit/audit-file-trades.ts';
import type { TradeFileFacts } from '#domain/audit/audit-trade-file.ts';
import { inOrder, type CandleColumns } from '#domain/audit/candle-columns.ts';
import { readRecordingName, timeframeText } from '#domain/audit/recording-name.ts';
import { readRecording, type ReadPorts, type Recording, type RecordingKind } from './read-recording.ts';

export type AuditFilesPorts = ReadPorts & {
  /** Told before each file is read. */
  readonly onFile?: (name: string, index: number, total: number) => void;
};

export type AuditFilesInput = {
  /** Names of the files, as `lines` takes them. */
  readonly names: readonly string[];
  /** Whether an exchange, by the name that files give it, sends a row for each step, traded in or not. */
  readonly sendsEveryStep: (exchange: string) => boolean;
};

/** How many candles of a file were held against another file, and how many agree. */
export type Comparison = { readonly with: string; readonly compared: number; readonly equal: number };

export type MarketReport = { readonly symbol: string; readonly timeframe: string | null } & (
  | { readonly candles: CandleFileFacts }
  | { readonly trades: TradeFileFacts }
);

export type FileReport = {
  readonly file: string;
  readonly kind: RecordingKind;
  readonly markets: readonly MarketReport[];
  readonly rollUps: readonly Comparison[];
  readonly witnesses: readonly Comparison[];
  readonly findings: readonly (FileFinding & { readonly symbol: string })[];
};

export type AuditFilesReport = {
  readonly files: readonly FileReport[];
  readonly candles: number;
  readonly trades: number;
  /** Findings by check: each is a fault, or a run of neighbouring ones. */
  readonly byCheck: Readonly<Record<FileCheck, number>>;
  readonly findings: number;
};

/**
 * Checks recordings before they are loaded: each file by itself, and the files of one market and folder against each other. Reads one market
 * after the other; the candles of a market are held in memory, its trades are not. Rejects when a file cannot be read.
 */
export async function auditFiles(ports: AuditFilesPorts, { names, sendsEveryStep }: AuditFilesInput): Promise<AuditFilesReport> {
  const groups = Map.groupBy(names, (name) => {
    const { folder, exchange, market } = readRecordingName(name);
    return JSON.stringify([folder, exchange, market]);
  });
  const files: FileReport[] = [];
  let index = 0;
  for (const group of groups.values()) {
    const recordings: Recording[] = [];
    for (const name of group) {
      ports.onFile?.(name, index, names.length);
      index += 1;
      // oxlint-disable-next-line no-await-in-loop -- one file at a time keeps memory bounded
      recordings.push(await readRecording(ports, name));
    }
    files.push(...recordings.map((recording) => reportOf(recording, recordings, sendsEveryStep)));
  }
  files.sort((a, b) => (a.file < b.file ? -1 : 1));
  const all = files.flatMap(({ findings }) => findings);
  const byCheck = Object.fromEntries(FILE_CHECKS.map((check) => [check, all.filter((one) => one.check === check).length]));
  const markets = files.flatMap((file) => file.markets);
  return {
    files,
    candles: markets.reduce((sum, market) => sum + ('candles' in market ? market.candles.rows : 0), 0),
    trades: markets.reduce((sum, market) => sum + ('trades' in market ? market.trades.rows : 0), 0),
    byCheck: byCheck as Record<FileCheck, number>,
    findings: all.length,
  };
}

type Candles = { readonly file: string; readonly symbol: string; readonly timeframeMs: number; readonly ordered: CandleColumns };

function reportOf(recording: Recording, group: readonly Recording[], sendsEveryStep: (exchange: string) => boolean): FileReport {
  const { file, kind } = recording;
  const { exchange } = readRecordingName(file);
  const report = { file, kind, markets: [] as MarketReport[], rollUps: [] as Comparison[], witnesses: [] as Comparison[] };
  const findings = [...recording.findings];
  for (const { symbol, facts, findings: found } of recording.trades) {
    report.markets.push({ symbol, timeframe: null, trades: facts });
    findings.push(...found.map((one) => ({ ...one, symbol })));
  }
  for (const { symbol, timeframeMs, columns } of recording.candles) {
    const own = { file, symbol, timeframeMs, ordered: inOrder(columns, timeframeMs) };
    const witness = witnessOf(own, group);
    const { facts, findings: found } = auditCandleFile({
      columns,
      timeframeMs,
      sendsEveryStep: sendsEveryStep(exchange),
      witnessed: witness,
    });
    report.markets.push({ symbol, timeframe: timeframeText(timeframeMs), candles: facts });
    const shorter = shorterOf(own, group).map(({ file: other, ordered, timeframeMs: shorterMs }) => ({
      with: other,
      ...auditFileRollUp({ longer: own.ordered, longerMs: timeframeMs, shorter: ordered, shorterMs }),
    }));
    const trades = witness === null ? [] : [{ with: witness.file, ...auditFileTrades(own.ordered, witness) }];
    report.rollUps.push(...shorter.map(withoutFindings));
    report.witnesses.push(...trades.map(withoutFindings));
    findings.push(...[found, ...[...shorter, ...trades].map((one) => one.findings)].flat().map((one) => ({ ...one, symbol })));
  }
  return { ...report, findings };
}

function withoutFindings({ with: other, compared, equal }: Comparison): Comparison {
  return { with: other, compared, equal };
}

/** Trades beside a file of minutes; of several the first. */
function witnessOf({ symbol, timeframeMs }: Candles, group: readonly Recording[]): (TradeWitness & { readonly file: string }) | null {
  if (timeframeMs !== 60_000) return null;
  for (const { file, kind, trades } of group) {
    const found = kind === 'trades' ? trades.find((one) => one.symbol === symbol) : undefined;
    if (found !== undefined) return { file, minutes: found.minutes, fromMs: found.facts.fromMs, toMs: found.facts.toMs };
  }
  return null;
}

/** The candles of the shortest timeframe beside a file that divides its own. */
function shorterOf({ symbol, timeframeMs }: Candles, group: readonly Recording[]): readonly Candles[] {
  const shorter = group.flatMap(({ file, candles }) =>
    candles
      .filter((one) => one.symbol === symbol && one.timeframeMs < timeframeMs && timeframeMs % one.timeframeMs === 0)
      .map((one) => ({ file, symbol, timeframeMs: one.timeframeMs, columns: one.columns })),
  );
  const shortestMs = Math.min(...shorter.map((one) => one.timeframeMs));
  return shorter
    .filter((one) => one.timeframeMs === shortestMs)
    .map(({ columns, ...one }) => ({ ...one, ordered: inOrder(columns, one.timeframeMs) }));
}
