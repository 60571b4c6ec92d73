import { join } from 'node:path';
import { loadConfig, type Config } from '#config/load.ts';

export const ROOT = join(import.meta.dirname, '../..');

/** The configuration of the repository, with overrides from an environment that the test makes up. */
export function shippedConfig(environment: Readonly<Record<string, string>> = {}): Config {
  return loadConfig(join(ROOT, 'config'), environment);
}
