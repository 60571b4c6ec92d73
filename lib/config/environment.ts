import { ConfigError } from '#core/errors.ts';
import { nearest } from './problems.ts';
import { CONFIG_FILES, type ConfigFile } from './schema.ts';
import { parseYaml } from './yaml-file.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `TIDEMARK_SYNC__BACKFILL_LIMIT=500` -> file `sync`, path `['backfill_limit']`, value 500. */
export type Override = { readonly variable: string; readonly file: ConfigFile; readonly path: readonly string[]; readonly value: unknown };

const PREFIX = 'TIDEMARK_';
const MAX_VALUE_LENGTH = 16_384;

/** Collects the overrides; what is wrong with a variable goes to `problems`, so that all of them can be told at once. */
export function readOverrides(environment: Environment, problems: string[]): readonly Override[] {
  const overrides: Override[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || text === undefined) continue;
    try {
      overrides.push(parseOverride(variable, text));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(error.message);
    }
  }
  return overrides;
}

function parseOverride(variable: string, text: string): Override {
  const files = Object.keys(CONFIG_FILES) as ConfigFile[];
  const [head = '', ...path] = variable.slice(PREFIX.length).toLowerCase().split('__');
  const file = files.find((name) => name === head);
  if (file === undefined || path.length === 0 || path.includes('')) {
    const near = nearest(head, files);
    const hint =
      near === undefined || near === head ? 'unset it, or name a value of a file' : `did you mean "${PREFIX}${near.toUpperCase()}__..."?`;
    throw new ConfigError(
      `environment: ${variable} names no configuration value, expected ${PREFIX}<FILE>__<PATH> with a file of ${files.join(', ')} (for example TIDEMARK_SYNC__BACKFILL_LIMIT); ${hint}`,
    );
  }
  const value = text.trim();
  if (value === '') throw new ConfigError(`environment: ${variable} is empty, expected a value; set or unset it`);
  if (value.length > MAX_VALUE_LENGTH)
    throw new ConfigError(`environment: ${variable} has ${value.length} characters, expected at most ${MAX_VALUE_LENGTH}; shorten it`);
  return { variable, file, path, value: parseYaml(`environment: ${variable}`, value) };
}

/** A copy of the document with the overrides in place. What the path leads through must be a mapping. */
export function applyOverrides(document: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce((current, { variable, path, value }) => withValue(current, variable, path, value), document);
}

function withValue(node: unknown, variable: string, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (typeof node !== 'object' || node === null || Array.isArray(node)) {
    if (node !== undefined)
      throw new ConfigError(`environment: ${variable} leads to "${key}" inside a value that is not a mapping; correct the name`);
  }
  const children = (node ?? {}) as Record<string, unknown>;
  return { ...children, [key]: withValue(Object.hasOwn(children, key) ? children[key] : undefined, variable, rest, value) };
}
