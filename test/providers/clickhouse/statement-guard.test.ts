import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { guardReader, isReading, OUTSIDE_FUNCTIONS, parseStatement, tokenize } from '#providers/clickhouse/statement-guard.ts';

const kinds = (sql: string) => [...tokenize(sql)].map(({ kind, text }) => `${kind} ${text}`);

describe('tokenize', () => {
  test.each([
    ['SELECT a1, 2.5', ['word SELECT', 'word a1', 'mark ,', 'word 2', 'mark .', 'word 5']],
    ["'it''s' 'a\\'b' 'c\\\\'", ["string it''s", "string a\\'b", 'string c\\\\']],
    ['`a b` "c`d" `e``f`', ['quoted a b', 'quoted c`d', 'quoted e``f']],
    ['a -- b\nc # d\ne #! f\n/* g */h', ['word a', 'word c', 'word e', 'word h']],
    ["'-- no' '/* no */'", ['string -- no', 'string /* no */']],
    ["x'4a' b'01' X''", ['word x', 'string 4a', 'word b', 'string 01', 'word X', 'string ']],
    ['a\u00a0b\u200bc\ufeff', ['word a', 'word b', 'word c']],
    ['', []],
  ])('splits %j', (sql, expected) => {
    expect(kinds(sql)).toEqual(expected);
  });

  test.each([
    ["'open", "the quote ' at position 1 is not closed"],
    ['`open', 'the quote ` at position 1 is not closed'],
    ["'open\\'", 'is not closed'],
    ['/* open', 'the comment at position 1 is not closed'],
    ['/* a /* b */ c */', 'contains another comment'],
    ["‘'’", 'U+2018'],
    ['“a”', 'U+201c'],
    ["$$a'b$$", '"$" (U+0024)'],
    ["x'\\'", 'hexadecimal digits'],
    ['a#b', '"#"'],
    ['naïve', '"ï"'],
    ['a\0b', 'U+0000'],
  ])('refuses %j, which two lexers could read in two ways', (sql, message) => {
    expect(() => [...tokenize(sql)]).toThrow(message);
  });

  test('loses no character: what lies between the tokens is white space or comment', () => {
    const parts = fc.constantFrom('a', "'x;(y'", '`q(`', ' ', '\n', '-- c\n', '/* ; */', '(', ')', ',', '1.5', '"z"', ';');
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 30 }), (pieces) => {
        const sql = pieces.join('');
        let end = 0;
        let rest = '';
        for (const token of tokenize(sql)) {
          rest += sql.slice(end, token.start);
          end = token.end;
        }
        rest += sql.slice(end);
        expect(rest.replaceAll(/-- c\n|\/\* ; \*\/|\s/g, '')).toBe('');
      }),
    );
  });
});

describe('parseStatement', () => {
  test.each([
    ['SELECT 1', { text: 'SELECT 1', verb: 'SELECT', format: null, data: null }],
    ['  select 1 ; -- end', { text: '  select 1', verb: 'SELECT', format: null, data: null }],
    ["SELECT ';' FORMAT CSV;", { text: "SELECT ';' FORMAT CSV", verb: 'SELECT', format: 'CSV', data: null }],
    ['SELECT 1 FORMAT JSON SETTINGS a = 1', { verb: 'SELECT', format: 'JSON' }],
    ['SELECT format FROM t', { format: null }],
    ["SELECT format('{}', 1)", { format: null }],
    ['((SELECT 1))', { verb: 'SELECT' }],
    ['INSERT INTO t FORMAT TSV\na\t;\n', { text: 'INSERT INTO t FORMAT TSV', verb: 'INSERT', format: 'TSV', data: 'a\t;\n' }],
    ['INSERT INTO t (format, b) FORMAT JSONEachRow {"a":"‘"}', { text: 'INSERT INTO t (format, b) FORMAT JSONEachRow', data: '{"a":"‘"}' }],
    ['INSERT INTO t FORMAT CSV', { text: 'INSERT INTO t FORMAT CSV', data: '' }],
    ["INSERT INTO t VALUES ('‘;')", { text: "INSERT INTO t VALUES ('‘;')", verb: 'INSERT', data: null }],
    ['INSERT INTO t SELECT 1', { text: 'INSERT INTO t SELECT 1', verb: 'INSERT', data: null }],
  ])('takes %j apart', (sql, expected) => {
    expect(parseStatement(sql)).toMatchObject(expected);
  });

  test('finds parameters, and none in strings', () => {
    const sql = "SELECT {a: String}, {b:Array( DateTime64(3, 'UTC') )}, '{c: String}', {d}";
    expect(parseStatement(sql).slots.map(({ name, type, start, end }) => [name, type, sql.slice(start, end)])).toEqual([
      ['a', 'String', '{a: String}'],
      ['b', "Array( DateTime64(3, 'UTC') )", "{b:Array( DateTime64(3, 'UTC') )}"],
    ]);
  });

  test.each([
    ['', 'Empty query'],
    ['-- only a comment', 'Empty query'],
    [';', 'Empty query'],
    ['SELECT 1; SELECT 2', 'Multi-statements'],
    ['SELECT 1;;', 'Multi-statements'],
    ['SELECT 1; /* */ DROP TABLE t', 'Multi-statements'],
  ])('refuses %j', (sql, message) => {
    expect(() => parseStatement(sql)).toThrow(message);
  });
});

describe('guardReader', () => {
  test.each([
    'SELECT 1',
    'select * from candles_1m',
    '(SELECT 1) UNION ALL (SELECT 2)',
    '-- leading\n/* comments */ SELECT 1',
    'WITH x AS (SELECT 1) SELECT * FROM x',
    'SHOW TABLES',
    'SHOW CREATE TABLE candles_1m',
    'DESCRIBE TABLE candles_1m',
    'DESC candles_1m',
    'EXPLAIN SELECT 1',
    'EXISTS candles_1m',
    'SELECT * FROM numbers(3)',
    "SELECT * FROM format(CSV, '1')",
    'SELECT file, url, s3 FROM t',
    'SELECT \'file(1)\', "file (2)" FROM t',
    "SELECT replace(a, 'url(', '') FROM t -- file('x')",
    'SELECT * APPLY(toString) FROM t',
  ])('lets "%s" pass', (sql) => {
    expect(() => guardReader(sql)).not.toThrow();
  });

  test.each([
    'INSERT INTO t SELECT 1',
    'DROP TABLE t',
    '(DROP TABLE t)',
    'SET a = 1',
    'USE x',
    'KILL QUERY WHERE 1',
    '`SELECT` 1',
    "'SELECT'",
    '1',
    '()',
    '/* SELECT */ DROP TABLE t',
    'SELECTED 1',
  ])('stops "%s", which does not read', (sql) => {
    expect(() => guardReader(sql)).toThrow('Cannot execute query in readonly mode');
  });

  test.each([
    "SELECT file('/etc/passwd')",
    "SELECT * FROM FILE ('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    'SELECT "file" (\'/etc/passwd\')',
    "SELECT * FROM url/* a */ -- b\n ('http://x')",
    "SELECT * FROM url\u00a0('http://x')",
    "SELECT ('a', file('/etc/passwd'))",
    "SELECT 'it\\'s', file('/etc/passwd'), '\\''",
    "SELECT 'a''', file('/etc/passwd'), ''",
    "SELECT * FROM (SELECT * FROM remote('127.0.0.1', system.one))",
    "SELECT * FROM t JOIN mysql('h', 'd', 't', 'u', 'p') USING a",
    "SELECT 1 WHERE 1 IN (SELECT * FROM s3('x'))",
    "DESCRIBE TABLE s3Cluster('x')",
    "EXPLAIN SELECT * FROM executable('x', TSV, 'a String')",
    "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
    'SELECT * APPLY(file) FROM t',
    'SELECT * APPLY file FROM t',
    "SELECT COLUMNS('a') APPLY ( `file` ) FROM t",
    'SELECT `fi\\x6ce`(1)',
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "SELECT 1 into\noutfile '/tmp/x' FORMAT CSV",
    "WITH a AS (SELECT 1) SELECT * FROM iceberg('x')",
    "SELECT aiGenerate('x')",
    "SELECT eval('x')",
  ])('stops "%s", which reaches outside', (sql) => {
    expect(() => guardReader(sql)).toThrow('Not enough privileges');
  });

  test('stops every outside function in any case, behind any blank and quoting, wherever it stands', () => {
    const name = fc.constantFrom(...OUTSIDE_FUNCTIONS).chain((lower) =>
      fc.array(fc.boolean(), { minLength: lower.length, maxLength: lower.length }).map((upper) =>
        lower
          .split('')
          .map((char, at) => (upper[at] === true ? char.toUpperCase() : char))
          .join(''),
      ),
    );
    const quoted = fc.tuple(name, fc.constantFrom('', '`', '"')).map(([text, quote]) => quote + text + quote);
    const blank = fc
      .array(fc.constantFrom(' ', '\t', '\n', '/**/', "/* ' */", '-- `\n', '# "\n', '\u00a0'), { maxLength: 4 })
      .map((parts) => parts.join(''));
    const before = fc.constantFrom(
      'SELECT ',
      'SELECT 1, ',
      "SELECT '\\\\', ",
      "SELECT 'a''', ",
      "SELECT `'`, ",
      'SELECT * FROM ',
      'WITH (SELECT 1) AS x SELECT ',
      "SELECT ('(', ",
      'SHOW TABLES WHERE ',
    );
    fc.assert(
      fc.property(before, quoted, blank, (head, call, space) => {
        expect(() => guardReader(`${head}${call}${space}('x'`)).toThrow('Not enough privileges');
      }),
      { numRuns: 500 },
    );
  });

  test('knows which words read', () => {
    expect(['SELECT', 'WITH', 'DESC', 'INSERT', ''].map(isReading)).toEqual([true, true, true, false, false]);
  });
});
