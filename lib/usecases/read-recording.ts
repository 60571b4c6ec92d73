import type { FileFinding } from '#core/file-finding.ts';
import { createTradeFileAudit, type TradeFileAudit, type TradeFileFacts } from '#domain/audit/audit-trade-file.ts';
import { createColumns, type CandleColumns, type ColumnsBuilder } from '#domain/audit/candle-columns.ts';
import { readRecordingName } from '#domain/audit/recording-name.ts';
import { quoted, readRecordingHeader, type RecordingTable, type TradeRow } from '#domain/audit/recording-row.ts';

/** Some lines of a file, in order; or that it is damaged here, and how. */
export type LineBatch = readonly string[] | { readonly damage: string };

export type ReadPorts = {
  /** The lines of a file, unpacked, in batches. Rejects when it cannot be read at all. */
  readonly lines: (name: string) => AsyncIterable<LineBatch>;
  /** Trades of one line of a captured session, and what of it is damaged; neither for another message, null when it is no line of a session. */
  readonly readSessionLine: (line: string) => {
    readonly trades: readonly (TradeRow & { readonly market: string })[];
    readonly damaged: readonly string[];
  } | null;
  /** A recorded REST answer as a table, what is wrong with it, or that it is about anything else; null when it is no JSON. */
  readonly readAnswer: (
    text: string,
  ) =>
    | { readonly holds: 'rows'; readonly header: string; readonly rows: readonly AnswerRow[] }
    | { readonly holds: 'fault'; readonly fault: string }
    | { readonly holds: 'other' }
    | null;
};

/** A line of a table, or why the row is none. */
type AnswerRow = string | { readonly problem: string };

/** `answer`: a recorded body of a REST interface that holds neither candles nor trades. */
export type RecordingKind = 'candles' | 'trades' | 'session' | 'answer' | 'unknown';

export type Recording = {
  readonly file: string;
  readonly kind: RecordingKind;
  readonly candles: readonly { readonly symbol: string; readonly timeframeMs: number; readonly columns: CandleColumns }[];
  readonly trades: readonly {
    readonly symbol: string;
    readonly facts: TradeFileFacts;
    readonly findings: readonly FileFinding[];
    readonly minutes: CandleColumns;
  }[];
  /** About the file as such: what of it could not be read. */
  readonly findings: readonly (FileFinding & { readonly symbol: string })[];
};

/** `add` returns what of the line cannot be read, each as a phrase. */
type Reader = { readonly kind: RecordingKind; readonly add: (line: string) => readonly string[] };

/** Reads one file of any known kind as far as it can be read; what it is not is a finding. Rejects when it cannot be read at all. */
export async function readRecording(ports: ReadPorts, file: string): Promise<Recording> {
  const candles = new Map<string, ColumnsBuilder>();
  const trades = new Map<string, TradeFileAudit>();
  const intake = createIntake((header) => readerOf(ports, header, candles, trades));
  let damage: string | null = null;
  for await (const batch of isAnswer(file) ? answerRows(ports, file) : ports.lines(file)) {
    if (batch === 'other') return { file, kind: 'answer', candles: [], trades: [], findings: [] };
    if ('damage' in batch) damage = batch.damage;
    else if (!batch.every(intake.take)) break;
  }
  const found = { file, kind: intake.facts.kind, candles: candlesOf(file, candles), trades: tradesOf(trades) };
  return { ...found, findings: fileFindings(found, intake.facts, damage) };
}

function isAnswer(file: string): boolean {
  return /\.json(?:\.(?:gz|zst))?$/.test(file);
}

/** A body beyond this is none of an exchange, and would have to be held in memory. */
const MAX_ANSWER_CHARACTERS = 64 * 1024 * 1024;

/** The whole body at once. An answer about anything else is damage where the name says that it holds candles or trades. */
async function* answerRows(
  { lines, readAnswer }: ReadPorts,
  file: string,
): AsyncGenerator<readonly AnswerRow[] | { damage: string } | 'other'> {
  let text = '';
  for await (const batch of lines(file)) {
    if ('damage' in batch) {
      yield batch;
      return;
    }
    text += `${batch.join('\n')}\n`;
    if (text.length > MAX_ANSWER_CHARACTERS) {
      yield { damage: `the answer has more than ${MAX_ANSWER_CHARACTERS} characters` };
      return;
    }
  }
  const answer = readAnswer(text);
  if (answer === null) yield { damage: 'no JSON' };
  else if (answer.holds === 'rows') yield [answer.header, ...answer.rows];
  else if (answer.holds === 'fault') yield { damage: answer.fault };
  else if (readRecordingName(file).isOfRows)
    yield { damage: `the name says candles or trades, and the answer holds none: it begins with ${quoted(text)}` };
  else yield 'other';
}

type IntakeFacts = { kind: RecordingKind; header: string; lines: number; badRows: number; firstBad: string };

/** Takes line after line; the first one decides how the others are read. `take` is false when the file is none that can be read. */
function createIntake(readerOfHeader: (header: string) => Reader | null) {
  const facts: IntakeFacts = { kind: 'unknown', header: '', lines: 0, badRows: 0, firstBad: '' };
  let reader: Reader | null = null;
  const refuse = (problem: string): void => {
    facts.badRows += 1;
    facts.firstBad ||= `line ${facts.lines}: ${problem}`;
  };
  const add = (line: string): void => reader?.add(line).forEach(refuse);
  const take = (line: AnswerRow): boolean => {
    facts.lines += 1;
    if (line === '') return true;
    if (typeof line !== 'string') {
      refuse(line.problem);
      return true;
    }
    if (facts.header !== '') {
      add(line);
      return true;
    }
    facts.header = line;
    reader = readerOfHeader(line);
    facts.kind = reader?.kind ?? 'unknown';
    // A session has no header: its first line is one of them.
    if (facts.kind === 'session') add(line);
    return reader !== null;
  };
  return { facts, take };
}

function readerOf(
  ports: ReadPorts,
  header: string,
  candles: Map<string, ColumnsBuilder>,
  trades: Map<string, TradeFileAudit>,
): Reader | null {
  const table = readRecordingHeader(header);
  if (table !== null) return { kind: table.kind, add: tableReader(table, candles, trades) };
  if (ports.readSessionLine(header) === null) return null;
  const add = (line: string): readonly string[] => {
    const found = ports.readSessionLine(line);
    if (found === null) return [`${quoted(line)} is no captured message`];
    for (const trade of found.trades) entry(trades, trade.market, createTradeFileAudit).add(trade);
    return found.damaged;
  };
  return { kind: 'session', add };
}

function tableReader(table: RecordingTable, candles: Map<string, ColumnsBuilder>, trades: Map<string, TradeFileAudit>): Reader['add'] {
  if (table.kind === 'trades')
    return (line) => {
      const row = table.read(line);
      if (typeof row === 'string') return [row];
      entry(trades, '', createTradeFileAudit).add(row);
      return [];
    };
  return (line) => {
    const row = table.read(line);
    if (typeof row === 'string') return [row];
    entry(candles, row.symbol, createColumns).add(row);
    return [];
  };
}

function entry<T>(map: Map<string, T>, key: string, create: () => T): T {
  const known = map.get(key) ?? create();
  map.set(key, known);
  return known;
}

/** A name that says no timeframe leaves it to the rows: the shortest distance between two of them. */
function candlesOf(file: string, candles: ReadonlyMap<string, ColumnsBuilder>): Recording['candles'] {
  const { timeframeMs } = readRecordingName(file);
  return [...candles].map(([symbol, builder]) => {
    const columns = builder.columns();
    return { symbol, timeframeMs: timeframeMs ?? shortestStep(columns.openTimesMs), columns };
  });
}

const MINUTE_MS = 60_000;

function shortestStep(openTimesMs: Float64Array): number {
  const sorted = openTimesMs.toSorted();
  const steps = sorted.subarray(1).map((timeMs, i) => (timeMs > sorted[i]! ? timeMs - sorted[i]! : Number.POSITIVE_INFINITY));
  const shortest = steps.reduce((least, stepMs) => Math.min(least, stepMs), Number.POSITIVE_INFINITY);
  return Number.isFinite(shortest) ? Math.max(MINUTE_MS, Math.floor(shortest / MINUTE_MS) * MINUTE_MS) : MINUTE_MS;
}

function tradesOf(trades: ReadonlyMap<string, TradeFileAudit>): Recording['trades'] {
  return [...trades].flatMap(([symbol, audit]) => {
    const ended = audit.end();
    return ended === null ? [] : [{ symbol, ...ended }];
  });
}

function fileFindings(
  { kind, candles, trades }: Pick<Recording, 'kind' | 'candles' | 'trades'>,
  { header, badRows, firstBad }: IntakeFacts,
  damage: string | null,
): Recording['findings'] {
  const about = { symbol: '', fromMs: null, toMs: null };
  const format = (message: string) => ({ ...about, check: 'format' as const, count: 1, message });
  const isEmpty = kind !== 'session' && candles.length === 0 && trades.length === 0;
  return [
    ...(damage === null ? [] : [format(damage)]),
    ...(header === '' && damage === null ? [format('the file is empty')] : []),
    ...(header !== '' && kind === 'unknown' ? [format(`unknown format: it begins with ${quoted(header)}`)] : []),
    ...(header !== '' && kind !== 'unknown' && isEmpty && badRows === 0 ? [format('there is a header, and no row')] : []),
    ...(badRows === 0 ? [] : [{ ...about, check: 'row' as const, count: badRows, message: badRowsText(badRows, firstBad) }]),
  ];
}

function badRowsText(badRows: number, first: string): string {
  return `${badRows === 1 ? '1 row' : `${badRows} rows`} cannot be read, the first in ${first}`;
}
