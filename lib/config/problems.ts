import type * as z from 'zod/mini';

/** One line per problem: source, path, value, expectation, cure. Values of keys that look like secrets are not shown. */
export function describeIssues(source: string, document: unknown, error: z.core.$ZodError): string {
  // Where several rules of one value are broken alike, one line says it.
  return [...new Set(error.issues.flatMap((issue) => describeIssue(source, document, issue)))].join('\n');
}

function describeIssue(source: string, document: unknown, issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(source, document, issue, key));
  const path = pathText(issue.path);
  const value = valueAt(document, issue.path);
  return [
    oneLine(
      `${source}: ${path === '' ? 'the document' : path} ${got(issue, value)}, expected ${issue.message}${cureOf(issue.message, value)}`,
    ),
  ];
}

function got(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return 'is missing';
  if (Array.isArray(value) && (issue.code === 'too_big' || issue.code === 'too_small')) return `has ${value.length} entries`;
  // The quotes of the message must not hide that the file has them too, or that YAML does not take the word for a number.
  const kind = typeof value === 'string' && /^(an integer|true or false)/.test(issue.message) ? 'the text ' : '';
  return `is ${kind}${quoted(issue.path, value)}`;
}

function cureOf(message: string, value: unknown): string {
  if (message.includes(';')) return '';
  return value === undefined ? '; add it' : '; correct the value';
}

function unknownKey(source: string, document: unknown, issue: z.core.$ZodIssueUnrecognizedKeys, key: string): string {
  const where = issue.path.length === 0 ? 'the document' : pathText(issue.path);
  const known = issue.message.split(', ');
  const value = quoted([...issue.path, key], valueAt(document, [...issue.path, key]));
  return oneLine(
    `${source}: ${where} has the unknown key "${printable(key)}" (value ${value}), expected one of ${known.join(', ')}; ${hintFor(key, known)}`,
  );
}

function hintFor(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  return SECRET_KEY.test(key)
    ? 'remove it: secrets are never written into a file, only the name of their environment variable'
    : 'use one of them, or remove it';
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
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    const known = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    return known ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }, document);
}

const SECRET_KEY = /password|passwd|secret|token|credential|api_?key|private_?key/i;
const HIDDEN = '***';

/**
 * The value for a message: in quotes, short, without control characters. Hidden where a key of the path says that it is a secret (also
 * in `..._env`: who writes the secret itself there is told so, not shown it), as are such keys within it and credentials in a URL.
 */
export function quoted(path: readonly PropertyKey[], value: unknown): string {
  if (path.some((key) => SECRET_KEY.test(String(key)))) return `"${HIDDEN}"`;
  const hideSecrets = (key: string, child: unknown): unknown => (SECRET_KEY.test(key) ? HIDDEN : child);
  const shown = typeof value === 'string' ? value : (JSON.stringify(value, hideSecrets) ?? String(value));
  const open = shown.replaceAll(/\/\/[^/@\s"]*@/g, `//${HIDDEN}@`).replaceAll(/([?&][^=&\s"]*=)[^&\s"]+/g, `$1${HIDDEN}`);
  return `"${printable(open)}"`;
}

/** At most 80 characters of printable ASCII; others as `\u{...}`. */
export function printable(text: string): string {
  const shown = text.slice(0, 81).replaceAll(/[^\x20-\x7e]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
  return text.length > 80 || shown.length > 200 ? `${shown.slice(0, 80)}...` : shown;
}

export function oneLine(message: string): string {
  return message.replaceAll(/\s*[\r\n]+\s*/g, ' ');
}
