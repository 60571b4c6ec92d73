import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** Folders whose modules the layer rules are about. */
export const LAYERS = ['bin', 'lambdas', 'fargate', 'local', 'lib', 'web'];

/** TypeScript files below the folders, as paths from the root of the repository, in order. */
export function typeScriptFiles(...folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: ROOT })).toSorted();
}

/** Everything that git tracks. */
export function trackedFiles(): readonly string[] {
  return execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 })
    .split('\0')
    .filter((path) => path !== '');
}

export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export function jsonOf<T>(path: string): T {
  return JSON.parse(textOf(path)) as T;
}
