import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FailingSeed } from '../../tools/simulation/failing-seeds.ts';

/** Seeds that once found a fault of ours, oldest first; they are played for ever. What a seed does may change with the simulation. */
export function failingSeeds(): readonly FailingSeed[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'failing-seeds.json'), 'utf8')) as FailingSeed[];
}
