import type * as z from 'zod';

/** One line per problem: source, path, value, expectation, cure. Values of keys that look like secrets are not shown. */
export function describeIssues(source: string, document: unknown, error: z.ZodError): string {
  return error.issues.map((issue) => describeIssue(source, document, issue)).join('\n');
}

function describeIssue(source: string, document: unknown, issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return unknownKey(source, document, issue);
  const path = pathText(issue.path);
  const value = valueAt(document, issue.path);
  const got = value === undefined ? 'is missing' : `is ${quoted(path, value)}`;
  return oneLine(`${source}: ${path === '' ? 'the document' : path} ${got}, expected ${issue.message}${cureOf(issue.message, value)}`);
}

function cureOf(message: string, value: unknown): string {
  if (message.includes(';')) return '';
  return value === undefined ? '; add it' : '; correct the value';
}

function unknownKey(source: string, document: unknown, issue: z.core.$ZodIssueUnrecognizedKeys): string {
  const parent = pathText(issue.path);
  const key = issue.keys[0] ?? '';
  const known = issue.message.split(', ');
  const near = nearest(key, known);
  const hint = near === undefined ? `use one of ${known.join(', ')}, or remove it` : `did you mean "${near}"?`;
  const value = valueAt(document, [...issue.path, key]);
  return oneLine(`${source}: ${parent === '' ? '' : `${parent}.`}${key} is an unknown key (value ${quoted(key, value)}), expected one of ${known.join(', ')}; ${hint}`);
}

/** The known word that differs by at most two edits, if any. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((candidate) => ({ candidate, edits: editDistance(word.toLowerCase(), candidate.toLowerCase()) }));
  return ranked.filter(({ edits }) => edits <= 2).sort((a, b) => a.edits - b.edits)[0]?.candidate;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

export function pathText(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('').replace(/^\./, '');
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    const known = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    return known ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }, document);
}

const SECRET_KEY = /password|secret|token|api_?key/i;

/** The value for a message: in quotes, short, without control characters, and hidden where its key says that it is a secret. */
export function quoted(path: string, value: unknown): string {
  if (SECRET_KEY.test(path) && !path.endsWith('_env')) return '"***"';
  const shown = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const printable = shown.replaceAll(/[^\x20-\x7e]/g, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
  return `"${printable.length > 80 ? `${printable.slice(0, 80)}...` : printable}"`;
}

function oneLine(message: string): string {
  return message.replaceAll(/\s*[\r\n]+\s*/g, ' ');
}
