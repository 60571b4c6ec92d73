import { accessDenied, RequestError, syntaxError } from './http-errors.ts';

/** `word`: identifier, keyword or number. `quoted`: identifier in backticks or double quotes, `text` without them. `string`: a literal. */
export type Token = {
  readonly kind: 'word' | 'quoted' | 'string' | 'mark';
  readonly text: string;
  readonly start: number;
  readonly end: number;
};

const SPACE = /\s/;
const WORD = /\w+/y;

/**
 * Splits SQL as the engine's lexer does, without comments and white space, lazily. What two lexers could read in different ways is
 * refused instead of guessed: heredocs, curly quotes, comments inside comments, characters beyond ASCII outside of quotes.
 */
export function* tokenize(sql: string): Generator<Token, void> {
  let at = 0;
  while (at < sql.length) {
    const end = skipBlank(sql, at);
    if (end > at) {
      at = end;
      continue;
    }
    const token = tokenAt(sql, at);
    yield token;
    at = token.end;
  }
}

function skipBlank(sql: string, at: number): number {
  const char = sql.charAt(at);
  if (SPACE.test(char) || char === '\u200b') return at + 1;
  const pair = sql.slice(at, at + 2);
  if (pair === '--' || pair === '# ' || pair === '#!') return endOr(sql.indexOf('\n', at), sql.length);
  return pair === '/*' ? endOfBlockComment(sql, at) : at;
}

function endOr(index: number, otherwise: number): number {
  return index === -1 ? otherwise : index + 1;
}

function endOfBlockComment(sql: string, start: number): number {
  const close = sql.indexOf('*/', start + 2);
  if (close === -1) throw syntaxError(`the comment at position ${start + 1} is not closed`);
  if (sql.slice(start + 2, close).includes('/*'))
    throw syntaxError(`the comment at position ${start + 1} contains another comment; take it out`);
  return close + 2;
}

function tokenAt(sql: string, start: number): Token {
  const char = sql.charAt(start);
  if (char === "'") return quotedToken(sql, start, 'string');
  if (char === '`' || char === '"') return quotedToken(sql, start, 'quoted');
  WORD.lastIndex = start;
  const word = WORD.exec(sql)?.[0];
  if (word !== undefined) return wordToken(sql, start, word);
  if (char === '$' || char === '#' || char < ' ' || char > '~') {
    throw syntaxError(
      `the character "${char}" (U+${(sql.codePointAt(start) ?? 0).toString(16).padStart(4, '0')}) at position ${start + 1} is not allowed outside of quotes`,
    );
  }
  return { kind: 'mark', text: char, start, end: start + 1 };
}

function wordToken(sql: string, start: number, word: string): Token {
  const end = start + word.length;
  // In x'..' and b'..' a backslash is no escape, so such a literal must hold nothing but digits.
  if (/^[xb]$/i.test(word) && sql.charAt(end) === "'" && !/^'[0-9a-f]*'/i.test(sql.slice(end))) {
    throw syntaxError(`the literal at position ${start + 1} has characters other than hexadecimal digits`);
  }
  return { kind: 'word', text: word, start, end };
}

function quotedToken(sql: string, start: number, kind: 'string' | 'quoted'): Token {
  const quote = sql.charAt(start);
  for (let at = start + 1; at < sql.length; at++) {
    if (sql[at] === '\\') at++;
    else if (sql[at] === quote && sql[at + 1] === quote) at++;
    else if (sql[at] === quote) return { kind, text: sql.slice(start + 1, at), start, end: at + 1 };
  }
  throw syntaxError(`the quote ${quote} at position ${start + 1} is not closed`);
}

export type ParameterSlot = { readonly name: string; readonly type: string; readonly start: number; readonly end: number };

export type Statement = {
  /** The one statement, without the semicolon behind it and without the data of an INSERT. */
  readonly text: string;
  /** The first word, in capitals. */
  readonly verb: string;
  /** What follows `FORMAT <name>` of an INSERT; null when there is no such clause. */
  readonly data: string | null;
  /** The name in the FORMAT clause, if there is one. */
  readonly format: string | null;
  /** The places of `{name: Type}`. */
  readonly slots: readonly ParameterSlot[];
};

/** Finds the parts of one statement. Throws `RequestError` for none, for several, and for what cannot be split safely. */
export function parseStatement(sql: string): Statement {
  const tokens: Token[] = [];
  let depth = 0;
  for (const token of tokenize(sql)) {
    if (tokens.at(-1)?.text === ';' && tokens.at(-1)?.kind === 'mark') throw syntaxError('Multi-statements are not allowed');
    if (isMark(token, '(')) depth++;
    if (isMark(token, ')')) depth--;
    tokens.push(token);
    if (verbOf(tokens) !== 'INSERT' || depth !== 0) continue;
    if (isWord(token, 'VALUES')) return { text: sql, verb: 'INSERT', data: null, format: 'Values', slots: slotsOf(sql, tokens) };
    if (isWord(tokens.at(-2), 'FORMAT') && token.kind === 'word') return insertWithData(sql, tokens, token);
  }
  if (tokens.at(-1)?.text === ';') tokens.pop();
  const last = tokens.at(-1);
  if (last === undefined) throw syntaxError('Empty query');
  return { text: sql.slice(0, last.end), verb: verbOf(tokens), data: null, format: formatOf(tokens), slots: slotsOf(sql, tokens) };
}

function insertWithData(sql: string, tokens: readonly Token[], format: Token): Statement {
  const data = sql.slice(format.end).replace(/^[ \t]*;?[ \t]*\r?\n?/, '');
  return { text: sql.slice(0, format.end), verb: 'INSERT', data, format: format.text, slots: slotsOf(sql, tokens) };
}

function verbOf(tokens: readonly Token[]): string {
  const first = tokens.find((token) => !isMark(token, '('));
  return first?.kind === 'word' ? first.text.toUpperCase() : '';
}

function formatOf(tokens: readonly Token[]): string | null {
  const clause = tokens.findLastIndex((token) => isWord(token, 'FORMAT'));
  const name = tokens[clause + 1];
  const behind = tokens[clause + 2];
  if (clause <= 0 || name?.kind !== 'word') return null;
  return behind === undefined || isWord(behind, 'SETTINGS') ? name.text : null;
}

function slotsOf(sql: string, tokens: readonly Token[]): readonly ParameterSlot[] {
  return tokens.flatMap((open, index) => {
    const name = tokens[index + 1];
    if (!isMark(open, '{') || name?.kind !== 'word' || !isMark(tokens[index + 2], ':')) return [];
    const close = tokens.find((token, later) => later > index && isMark(token, '}'));
    if (close === undefined) return [];
    return [{ name: name.text, type: sql.slice(tokens[index + 2]?.end, close.start).trim(), start: open.start, end: close.end }];
  });
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word;
}

const READING_VERBS = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN', 'EXISTS']);

export function isReading(verb: string): boolean {
  return READING_VERBS.has(verb);
}

/** Table functions that stay inside of the store. A new one of the engine is out until it is named here. */
export const INSIDE_TABLE_FUNCTIONS = new Set(
  `format fuzzJSON fuzzQuery generateRandom generateSeries generate_series merge mergeTreeAnalyzeIndexes mergeTreeAnalyzeIndexesUUID mergeTreeIndex
  mergeTreeProjection mergeTreeTextIndex null numbers numbers_mt primes SQLStandardValues timeSeriesData timeSeriesMetrics timeSeriesSamples
  timeSeriesSelector timeSeriesTags prometheusQuery prometheusQueryRange values view viewExplain viewIfPermitted zeros zeros_mt`.split(
    /\s+/,
  ),
);

/** Functions and table functions that reach files, the network, other processes or models, in lower case. */
export const OUTSIDE_FUNCTIONS = new Set(
  `ai_classify ai_embed ai_extract ai_generate ai_translate aiclassify aiembed aiextract aigenerate aitranslate arrowflight arrowstream
  azureblobstorage azureblobstoragecluster catboostevaluate cluster clusterallreplicas cosn deltalake deltalakeazure deltalakeazurecluster
  deltalakecluster deltalakelocal deltalakes3 deltalakes3cluster dictionary eval evalmlmethod executable executablepool file filecluster filesystem
  gcs hdfs hdfscluster hive hudi hudicluster iceberg icebergazure icebergazurecluster icebergcluster iceberghdfs iceberghdfscluster iceberglocal
  iceberglocalcluster icebergs3 icebergs3cluster input jdbc kafka loop meilisearch mongodb mysql nats odbc oss paimon paimonazure paimonazurecluster
  paimoncluster paimonhdfs paimonhdfscluster paimonlocal paimons3 paimons3cluster postgresql python rabbitmq redis remote remotesecure
  reversednsquery s3 s3cluster s3queue sqlite url urlcluster ytsaurus`.split(/\s+/),
);

/**
 * Lets a reader's statement pass or throws: only statements that read, nothing that writes a file, no function that reaches outside of
 * the store. The engine's own read-only mode is the second line and does not replace this one: it lets a query write INTO OUTFILE and
 * read any file through the function `file`.
 */
export function guardReader(sql: string): void {
  const tokens = [...tokenize(sql)];
  if (!isReading(verbOf(tokens))) {
    throw new RequestError(
      164,
      'READONLY',
      'Cannot execute query in readonly mode: readers may use SELECT, WITH, SHOW, DESCRIBE, EXPLAIN and EXISTS',
    );
  }
  for (const [index, token] of tokens.entries()) {
    if (isWord(token, 'OUTFILE') || isWord(token, 'INFILE'))
      throw accessDenied(`Not enough privileges: ${token.text.toUpperCase()} reaches outside of the store`);
    if (isFunctionName(tokens, index)) refuseOutside(token);
  }
}

/** Before an opening parenthesis, or behind APPLY, which takes the name of a function. */
function isFunctionName(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (token?.kind !== 'word' && token?.kind !== 'quoted') return false;
  const before = tokens[index - 1];
  return isMark(tokens[index + 1], '(') || isWord(before, 'APPLY') || (isMark(before, '(') && isWord(tokens[index - 2], 'APPLY'));
}

function refuseOutside({ kind, text }: Token): void {
  if (kind === 'quoted' && text.includes('\\'))
    throw accessDenied(`Not enough privileges: the function name "${text}" contains a backslash`);
  if (OUTSIDE_FUNCTIONS.has(text.toLowerCase()))
    throw accessDenied(`Not enough privileges: the function ${text} reaches outside of the store`);
}
