import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Duplex } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { ConfigError } from '#core/errors.ts';
import type { LineBatch } from '#usecases/read-recording.ts';

const RECORDING = /\.(?:csv|ndjson|jsonl|json)(?:\.(?:gz|zst))?$/;

/** Longer lines are none of a recording, and would have to be held in memory. */
const MAX_LINE_CHARACTERS = 64 * 1024 * 1024;

/** The files to look at: `root` is a file, or a folder whose recordings (csv, ndjson, json; plain, gz, zst) are named relative to it, sorted. */
export type RecordingSet = { readonly root: string; readonly names: readonly string[]; readonly isFolder: boolean };

/** Throws `ConfigError` when there is nothing at the path, or no recording in it. */
export function findRecordings(path: string): RecordingSet {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new ConfigError(`--files "${path}" does not exist, expected a file or a folder of recordings; correct it`);
  const expected = 'expected .csv, .ndjson, .jsonl or .json, plain or with .gz or .zst';
  if (!stats.isDirectory()) {
    if (RECORDING.test(path)) return { root: path, names: [path], isFolder: false };
    throw new ConfigError(`--files "${path}" is no recording by its name, ${expected}; correct it`);
  }
  const names = filesBelow(path).filter((name) => RECORDING.test(name));
  if (names.length === 0) throw new ConfigError(`--files "${path}" holds no recording, ${expected}; correct it`);
  return { root: path, names, isFolder: true };
}

function filesBelow(root: string): readonly string[] {
  try {
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .map((entry) => ({ path: join(entry.parentPath, entry.name), isFile: entry.isFile(), isLink: entry.isSymbolicLink() }))
      .filter(({ path, isFile, isLink }) => isFile || (isLink && statSync(path, { throwIfNoEntry: false })?.isFile() === true))
      .map(({ path }) => relative(root, path))
      .sort();
  } catch (cause) {
    throw unreadable(root, cause);
  }
}

/** Lines of a file in batches, unpacked while they are read. Ends with what is wrong when it is no whole gzip or zstd file. Rejects with `ConfigError` when it cannot be opened or read. */
export async function* readLines(file: string): AsyncGenerator<LineBatch> {
  const source = createReadStream(file);
  const unpack = unpackerOf(file);
  let failure: Error | null = null;
  source.on('error', (error) => {
    failure = error;
    unpack?.destroy(error);
  });
  const stream = unpack === null ? source : source.pipe(unpack);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE_CHARACTERS) {
        yield { damage: `a line has more than ${MAX_LINE_CHARACTERS} characters` };
        return;
      }
      if (lines.length > 0) yield lines.map(withoutReturn);
    }
  } catch (cause) {
    if (failure !== null || unpack === null) throw unreadable(file, failure ?? cause);
    yield { damage: `no whole ${file.endsWith('.zst') ? 'zstd' : 'gzip'} file (${codeOf(cause)})` };
    return;
  } finally {
    source.destroy();
  }
  if (rest !== '') yield [withoutReturn(rest)];
}

function unpackerOf(file: string): Duplex | null {
  if (file.endsWith('.gz')) return createGunzip();
  return file.endsWith('.zst') ? createZstdDecompress() : null;
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function unreadable(path: string, cause: unknown): ConfigError {
  return new ConfigError(`--files "${path}" cannot be read (${codeOf(cause)}), expected files that may be read; correct it`, { cause });
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
