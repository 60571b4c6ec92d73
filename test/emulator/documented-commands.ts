import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../e2e/support/command.ts';

/** Every line of the fenced `sh` blocks of one chapter (`## title`) of a document, in order. */
export function commandsOf(file: string, chapter: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const start = text.indexOf(`\n## ${chapter}\n`);
  if (start === -1) throw new Error(`${file} has no chapter "${chapter}"`);
  const end = text.indexOf('\n## ', start + 4);
  const body = text.slice(start, end === -1 ? undefined : end);
  return [...body.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block = '']) => block.split('\n').filter((line) => line !== ''));
}
