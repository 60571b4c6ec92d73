import { RequestError } from './http-errors.ts';
import type { ParameterSlot, Statement } from './statement-guard.ts';

/** Runs one statement with values bound by the engine and returns its output. */
export type BindQuery = (sql: string, values: Readonly<Record<string, string | null>>) => Promise<string>;

/**
 * The statement with its `{name: Type}` places filled in, as a server does it: each value is read as its type, then written as
 * `_CAST(literal, 'Type')`. The engine reads the values in a small query of its own, because statements with bound values wait for each
 * other in the whole process: a reader's long query must not hold up the platform.
 */
export async function withParameters(statement: Statement, given: ReadonlyMap<string, string>, bind: BindQuery): Promise<string> {
  const slots = statement.slots.filter(({ name }) => given.has(name));
  if (slots.length === 0) return statement.text;
  const literals = await literalsOf(
    slots.filter(({ type }) => type !== 'Identifier'),
    given,
    bind,
  );
  let text = '';
  let end = 0;
  for (const slot of slots) {
    const value = slot.type === 'Identifier' ? quotedIdentifier(unescaped(given.get(slot.name) ?? '')) : literals.get(keyOf(slot));
    text += statement.text.slice(end, slot.start) + value;
    end = slot.end;
  }
  return text + statement.text.slice(end);
}

function keyOf({ name, type }: ParameterSlot): string {
  return `{${name}: ${type}}`;
}

async function literalsOf(
  slots: readonly ParameterSlot[],
  given: ReadonlyMap<string, string>,
  bind: BindQuery,
): Promise<ReadonlyMap<string, string>> {
  const distinct = [...new Map(slots.map((slot) => [keyOf(slot), slot])).values()];
  if (distinct.length === 0) return new Map();
  const values: Record<string, string | null> = {};
  for (const slot of distinct) {
    requireKnownType(slot);
    values[slot.name] = boundValue(slot, given.get(slot.name) ?? '');
  }
  const columns = distinct.map((slot) => (isComposite(slot) ? `formatRow('Values', ${keyOf(slot)})` : `toString(${keyOf(slot)})`));
  const row = JSON.parse(await bind(`SELECT ${columns.join(', ')} FORMAT JSONCompactEachRow`, values)) as readonly (string | null)[];
  return new Map(
    distinct.map((slot, column) => [keyOf(slot), `_CAST(${literalOf(slot, row[column] ?? null)}, ${quotedString(slot.type)})`]),
  );
}

function requireKnownType({ name, type }: ParameterSlot): void {
  if (/\bMap\b/.test(type))
    throw new RequestError(
      48,
      'NOT_IMPLEMENTED',
      `query parameter '${name}' has the type ${type}; use arrays, maps are not supported here`,
    );
  if (!/^[A-Za-z][\w ,()'=/.+-]*$/.test(type))
    throw new RequestError(457, 'BAD_QUERY_PARAMETER', `query parameter '${name}' has the type "${type}", which is none`);
}

function isComposite({ type }: ParameterSlot): boolean {
  return /^(Array|Tuple)\b/.test(type);
}

/** `formatRow('Values', ...)` puts its one value in parentheses; a tuple brings its own pair besides. */
function literalOf(slot: ParameterSlot, text: string | null): string {
  if (text === null) return 'NULL';
  return isComposite(slot) ? text.slice(1, -1) : quotedString(text);
}

/**
 * Values come escaped as in tab-separated text; the engine's binding escapes what it is given once more, so they are unescaped here.
 * Inside arrays an escaped quote becomes a doubled one, which needs no backslash.
 */
function boundValue(slot: ParameterSlot, wire: string): string | null {
  if (wire === '\\N') return null;
  return isComposite(slot) ? unescaped(wire, "''") : unescaped(wire);
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  r: '\r',
  n: '\n',
  t: '\t',
  0: '\0',
  a: '\x07',
  v: '\v',
  e: '\x1b',
  '\\': '\\',
  '"': '"',
  '`': '`',
  '/': '/',
  '=': '=',
};

function unescaped(wire: string, quote = "'"): string {
  return wire.replaceAll(/\\(?:x([0-9a-fA-F]{2})|([\s\S]))/g, (whole, hex: string | undefined, char: string | undefined) => {
    const decoded = hex === undefined ? (char === "'" ? "'" : ESCAPES[char ?? '']) : String.fromCharCode(Number.parseInt(hex, 16));
    return decoded === "'" ? quote : (decoded ?? whole);
  });
}

function quotedString(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}

export function quotedIdentifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}
