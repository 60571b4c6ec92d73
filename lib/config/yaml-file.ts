import { readFileSync, statSync } from 'node:fs';
import { load, YAMLException } from 'js-yaml';
import { ConfigError } from '#core/errors.ts';

const MAX_FILE_BYTES = 256 * 1024;
const MAX_NODES = 50_000;
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
    return load(text);
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const line = cause.mark === undefined ? '' : ` line ${cause.mark.line + 1}`;
    throw new ConfigError(`${source}${line}: ${oneLine(cause.reason)}; ${cureOf(cause.reason)}`, { cause });
  }
}

function cureOf(reason: string): string {
  if (reason.includes('alias')) return 'put quotes around a value that begins with "*" or "&"';
  if (reason.includes('tab')) return 'indent with spaces';
  return 'correct the YAML there';
}

/** Refuses what YAML can express and a configuration never needs: cycles, shared nodes that explode when walked, keys of prototypes, NUL. */
function checkTree(source: string, document: unknown): void {
  const open = new Set<unknown>();
  let nodes = 0;
  const visit = (node: unknown, path: string): void => {
    if (++nodes > MAX_NODES) throw new ConfigError(`${source} expands to more than ${MAX_NODES} values; remove its aliases ("*name")`);
    if (typeof node === 'string' && node.includes('\0')) throw new ConfigError(`${source}: ${path} contains a NUL character; remove it`);
    if (typeof node !== 'object' || node === null) return;
    if (open.has(node)) throw new ConfigError(`${source}: ${path} contains itself through an alias; remove the alias`);
    open.add(node);
    for (const [key, value] of Object.entries(node)) {
      if (FORBIDDEN_KEYS.has(key)) throw new ConfigError(`${source}: ${path} has the key "${key}", which is not allowed; remove it`);
      visit(value, path === 'the document' ? key : `${path}.${key}`);
    }
    open.delete(node);
  };
  visit(document, 'the document');
}

function oneLine(message: string): string {
  return message.replaceAll(/\s*[\r\n]+\s*/g, ' ');
}
