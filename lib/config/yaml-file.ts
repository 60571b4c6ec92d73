import { readFileSync, statSync } from 'node:fs';
import { boolCoreTag, defineScalarTag, FAILSAFE_SCHEMA, load, NOT_RESOLVED, nullCoreTag, YAMLException } from 'js-yaml';
import { ConfigError } from '#core/errors.ts';
import { oneLine, pathText, printable } from './problems.ts';

const MAX_FILE_BYTES = 256 * 1024;
const MAX_NODES = 50_000;

/**
 * Numbers are what a reader takes them for, or they stay text and are refused with their own spelling in the message: YAML would take
 * 010 for 8 or 10, 0x10 for 16, and 9007199254740993 for its neighbour.
 */
function numberTag(name: string, pattern: RegExp) {
  return defineScalarTag<number>(`tag:yaml.org,2002:${name}`, {
    implicit: true,
    implicitFirstChars: '-0123456789'.split(''),
    resolve: (source) => (pattern.test(source) && Math.abs(Number(source)) <= Number.MAX_SAFE_INTEGER ? Number(source) : NOT_RESOLVED),
    identify: () => false,
  });
}

const SCHEMA = FAILSAFE_SCHEMA.withTags(
  nullCoreTag,
  boolCoreTag,
  numberTag('int', /^-?(0|[1-9]\d*)$/),
  numberTag('float', /^-?(0|[1-9]\d*)\.\d+$/),
);

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Reads one YAML document from an untrusted file as plain data. Throws `ConfigError`: one line with file, problem and cure. */
export function readYamlFile(file: string): unknown {
  return parseYaml(file, readText(file));
}

/** `source` names where the text comes from in messages: a file, or an environment variable. */
export function parseYaml(source: string, text: string): unknown {
  const document = loadDocument(source, text);
  checkTree(source, document);
  return document;
}

function readText(file: string): string {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) throw new ConfigError(`${file} is not a file; put a YAML file there`);
    if (stats.size > MAX_FILE_BYTES) {
      throw new ConfigError(`${file} has ${stats.size} bytes, expected at most ${MAX_FILE_BYTES}; is it the right file?`);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    if (cause instanceof TypeError) throw new ConfigError(`${file} is not UTF-8 text; save it as UTF-8`, { cause });
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new ConfigError(`${file} cannot be read (${code}), expected a readable YAML file; create it or correct the path`, { cause });
  }
}

function loadDocument(source: string, text: string): unknown {
  try {
    return load(text, { schema: SCHEMA });
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const line = cause.mark === undefined ? '' : ` line ${cause.mark.line + 1}`;
    throw new ConfigError(`${source}${line}: ${oneLine(cause.reason)}; ${cureOf(cause.reason)}`, { cause });
  }
}

function cureOf(reason: string): string {
  if (reason.includes('alias')) return 'put quotes around a value that begins with "*" or "&"';
  if (reason.includes('tab')) return 'indent with spaces';
  if (reason.includes('input is empty')) return 'fill it in, or restore the file of the project';
  if (reason.includes('single document')) return 'remove the line "---" and what follows it';
  if (reason.includes('tag')) return 'remove the tag that begins with "!"';
  if (reason.includes('duplicated')) return 'remove one of the two';
  return 'correct the YAML there';
}

/** Refuses what YAML can express and a configuration never needs: cycles, shared nodes that explode when walked, keys of prototypes, NUL. */
function checkTree(source: string, document: unknown): void {
  const open = new Set<unknown>();
  let nodes = 0;
  const visit = (node: unknown, path: readonly PropertyKey[]): void => {
    const where = (): string => `${source}: ${path.length === 0 ? 'the document' : pathText(path)}`;
    if (++nodes > MAX_NODES) throw new ConfigError(`${source} expands to more than ${MAX_NODES} values; remove its aliases ("*name")`);
    if (typeof node === 'string') checkText(where, node);
    if (typeof node !== 'object' || node === null) return;
    if (open.has(node)) throw new ConfigError(`${where()} contains itself through an alias; remove the alias`);
    open.add(node);
    for (const [key, value] of Array.isArray(node) ? node.entries() : Object.entries(node)) {
      if (typeof key === 'string') checkKey(where, key);
      visit(value, [...path, key]);
    }
    open.delete(node);
  };
  visit(document, []);
}

function checkText(where: () => string, text: string): void {
  if (text.includes('\0')) throw new ConfigError(`${where()} contains a NUL character; remove it`);
  const variable = /\$\{[^}]{0,80}\}/.exec(text)?.[0];
  if (variable === undefined) return;
  throw new ConfigError(
    `${where()} contains "${printable(variable)}", expected a plain value; variables are not filled in here, override the value with TIDEMARK_<FILE>__<PATH>`,
  );
}

function checkKey(where: () => string, key: string): void {
  if (key === '<<') throw new ConfigError(`${where()} has the merge key "<<", which is not supported; write the values out`);
  if (FORBIDDEN_KEYS.has(key)) throw new ConfigError(`${where()} has the key "${key}", which is not allowed; remove it`);
  if (key.includes('\0')) throw new ConfigError(`${where()} has the key "${printable(key)}" with a NUL character; remove it`);
}
