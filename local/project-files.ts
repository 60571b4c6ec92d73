import { fileURLToPath } from 'node:url';

const ROOT = new URL('../', import.meta.url);

/** A file or folder of this project, wherever the command is run from. */
export function projectFile(path: string): string {
  return fileURLToPath(new URL(path, ROOT));
}
