import { join } from 'node:path';
import type * as z from 'zod/mini';
import { ConfigError } from '#core/errors.ts';
import { camelCased, type CamelCased } from './camel-case.ts';
import { applyOverrides, readOverrides, type Environment } from './environment.ts';
import { describeIssues } from './problems.ts';
import { CONFIG_FILES, type ConfigFile } from './schema.ts';
import { readYamlFile } from './yaml-file.ts';

/** The whole configuration: frozen, checked, in camelCase. */
export type Config = { readonly [File in ConfigFile]: CamelCased<z.infer<(typeof CONFIG_FILES)[File]>> };

/**
 * Reads the YAML files of a folder and the `TIDEMARK_<FILE>__<PATH>` overrides. Throws `ConfigError` with one line per problem,
 * all problems of all files at once.
 */
export function loadConfig(directory: string, environment: Environment): Config {
  const problems: string[] = [];
  const overrides = readOverrides(environment, problems);
  const parsed = new Map<ConfigFile, unknown>();
  for (const file of Object.keys(CONFIG_FILES) as ConfigFile[]) {
    try {
      parsed.set(file, loadFile(directory, file, overrides));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return camelCased(Object.fromEntries(parsed)) as Config;
}

function loadFile(directory: string, file: ConfigFile, overrides: ReturnType<typeof readOverrides>): unknown {
  const path = join(directory, `${file}.yaml`);
  const own = overrides.filter((override) => override.file === file);
  const document = applyOverrides(readYamlFile(path), own);
  const result = CONFIG_FILES[file].safeParse(document);
  if (result.success) return result.data;
  const source = own.length === 0 ? path : `${path} (with ${own.map(({ variable }) => variable).join(', ')})`;
  throw new ConfigError(describeIssues(source, document, result.error));
}
