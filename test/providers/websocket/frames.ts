import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The text frames of a fixture of an exchange; lines of provenance begin with `#`. */
export function framesOf(exchange: string, name: string): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, '..', exchange, 'frames', `${name}.ndjson`), 'utf8');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
