import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import {
  publishExchange,
  readRunningExchange,
  readRunningOwner,
  readStoreState,
  takeDataFolder,
  writeStoreState,
  type StoreState,
} from '#local/data-folder.ts';

const REPLAY: StoreState = { kind: 'replay', recording: '/recordings', fromMs: 1_678_492_800_000, tickMs: 1_678_492_860_000 };
const TAKE = { command: 'start', fresh: false };
const NO_PROCESS = 2 ** 22 + 1;

function temporary(): string {
  const parent = mkdtempSync(join(tmpdir(), 'data-folder-'));
  onTestFinished(() => {
    rmSync(parent, { recursive: true });
  });
  return join(parent, 'data');
}

/** When a living process started, as the kernel counts. */
function startedOf(pid: number): string {
  return process.platform === 'linux' ? (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '') : '';
}

function write(directory: string, file: string, value: unknown): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, file), typeof value === 'string' ? value : JSON.stringify(value));
}

/** Another process that lives: the one that started this one. */
const OTHER = {
  pid: process.ppid,
  started: startedOf(process.ppid),
  command: 'start',
  pagePort: 8420,
  storePort: 8123,
  writerPassword: 'secret',
};
const REPLAYED = {
  recordings: '/recordings',
  webSocketUrls: {},
  urls: { kraken: 'http://127.0.0.1:4000' },
  replay: { startMs: 0, speed: 60, startedAtMs: 1.5 },
};

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  return 'it was not refused';
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('a data folder', () => {
  test('is made for its owner only, and so are the files in it', () => {
    const directory = temporary();
    const folder = takeDataFolder(directory, TAKE);
    folder.writeState(REPLAY);
    expect([directory, join(directory, 'runtime.json'), join(directory, 'state.json')].map(modeOf)).toEqual([0o700, 0o600, 0o600]);
    expect(folder).toMatchObject({ directory, storeDirectory: join(directory, 'store') });
  });

  test('is made together with the folders above it', () => {
    const directory = join(temporary(), 'deep/er');
    takeDataFolder(directory, TAKE);
    expect(existsSync(join(directory, 'runtime.json'))).toBe(true);
  });

  test('knows nothing at first, and then what was noted last', () => {
    const folder = takeDataFolder(temporary(), TAKE);
    expect(folder.readState()).toBeNull();
    for (const state of [REPLAY, { ...REPLAY, tickMs: REPLAY.tickMs + 60_000 }]) {
      folder.writeState(state);
      expect([folder.readState(), readStoreState(folder.directory)]).toEqual([state, state]);
    }
    writeStoreState(folder.directory, { kind: 'live' });
    expect(folder.readState()).toEqual({ kind: 'live' });
  });

  test('never holds a half-written file', () => {
    const folder = takeDataFolder(temporary(), TAKE);
    folder.writeState(REPLAY);
    folder.publish({ pagePort: 8420, storePort: 8123, writerPassword: 'secret' });
    expect(readdirSync(folder.directory).toSorted()).toEqual(['runtime.json', 'state.json']);
  });

  test('tells who holds it and where its store is', () => {
    const folder = takeDataFolder(temporary(), { command: 'start --live', fresh: false });
    folder.publish({ pagePort: 8420, storePort: 8123, writerPassword: 'secret' });
    const runtime: unknown = JSON.parse(readFileSync(join(folder.directory, 'runtime.json'), 'utf8'));
    expect(runtime).toEqual({
      pid: process.pid,
      started: startedOf(process.pid),
      command: 'start --live',
      pagePort: 8420,
      storePort: 8123,
      writerPassword: 'secret',
    });
  });

  test('is free again when it is released, also twice', () => {
    const folder = takeDataFolder(temporary(), TAKE);
    folder.release();
    folder.release();
    expect(readdirSync(folder.directory)).toEqual([]);
  });

  test('taken fresh forgets what an earlier run stored, and nothing else', () => {
    const directory = temporary();
    const folder = takeDataFolder(directory, TAKE);
    folder.writeState(REPLAY);
    write(folder.storeDirectory, 'data.bin', 'rows');
    write(directory, 'notes.txt', 'of a person');
    expect(takeDataFolder(directory, { command: 'start', fresh: true }).readState()).toBeNull();
    expect(readdirSync(directory).toSorted()).toEqual(['notes.txt', 'runtime.json']);
  });

  test('taken again keeps what is stored', () => {
    const directory = temporary();
    const folder = takeDataFolder(directory, TAKE);
    folder.writeState(REPLAY);
    write(folder.storeDirectory, 'data.bin', 'rows');
    expect(takeDataFolder(directory, TAKE).readState()).toEqual(REPLAY);
    expect(readFileSync(join(folder.storeDirectory, 'data.bin'), 'utf8')).toBe('rows');
  });
});

describe('a folder that another process holds', () => {
  test('is refused with its owner, its page and the cure, and stays as it is', () => {
    const directory = temporary();
    write(directory, 'runtime.json', OTHER);
    write(directory, 'state.json', REPLAY);
    for (const fresh of [false, true]) {
      expect(refusal(() => takeDataFolder(directory, { command: 'start', fresh }))).toBe(
        `the data folder "${directory}" is held by process ${OTHER.pid} (tidemark start) (its page: http://127.0.0.1:8420); stop that process, or choose another folder with --data DIR`,
      );
    }
    expect([readRunningOwner(directory), readStoreState(directory)]).toEqual([OTHER, REPLAY]);
  });

  test('without a page is refused without one', () => {
    const directory = temporary();
    write(directory, 'runtime.json', { ...OTHER, pagePort: null });
    expect(refusal(() => takeDataFolder(directory, TAKE))).not.toContain('page');
  });

  test.runIf(process.platform === 'linux').each([
    ['is no more', { ...OTHER, pid: NO_PROCESS }],
    ['is another one by now, with the same number', { ...OTHER, started: '1' }],
  ])('that %s is free', (_what, runtime) => {
    const directory = temporary();
    write(directory, 'runtime.json', runtime);
    expect(readRunningOwner(directory)).toBeNull();
    takeDataFolder(directory, TAKE).release();
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('a folder that cannot be used', () => {
  test.each<[string, (directory: string) => void, RegExp]>([
    [
      'is a file',
      (directory) => writeFileSync(directory, ''),
      /^the data folder "[^"]+" cannot be made \(EEXIST\); choose a folder that you may write to with --data DIR$/,
    ],
    ['lies below a file', (directory) => writeFileSync(join(directory, '..'), ''), /cannot be made \(ENOTDIR\)/],
    [
      'has a folder where a file should be',
      (directory) => mkdirSync(join(directory, 'runtime.json'), { recursive: true }),
      /cannot be read \(EISDIR\)/,
    ],
  ])('because it %s', (what, prepare, message) => {
    const directory = what === 'lies below a file' ? join(temporary(), 'below') : temporary();
    prepare(directory);
    expect(refusal(() => takeDataFolder(directory, TAKE))).toMatch(message);
  });

  test.runIf(process.platform === 'linux')('because nobody can write to it', () => {
    expect(refusal(() => takeDataFolder('/proc', TAKE))).toMatch(/^the data folder "\/proc" cannot be written \((ENOENT|EACCES)\)/);
  });

  test.each<[string, string, unknown]>([
    ['runtime.json', 'that is cut', '{"pid":1'],
    ['runtime.json', 'without a field', { pid: 1, started: '1' }],
    ['runtime.json', 'with a word for a number', { ...OTHER, pid: 'one' }],
  ])('because of a %s %s', (file, _what, content) => {
    const directory = temporary();
    write(directory, file, content);
    expect(refusal(() => readRunningOwner(directory))).toBe(
      `${join(directory, file)} is damaged, expected what tidemark wrote there; remove the data folder or start with --fresh`,
    );
  });

  test.each<[string, unknown]>([
    ['is empty', ''],
    ['is cut', '{"kind":"rep'],
    ['is of an unknown kind', { kind: 'simulation' }],
    ['lacks its tick', { ...REPLAY, tickMs: undefined }],
    ['has half a millisecond', { ...REPLAY, tickMs: 0.5 }],
  ])('because its state.json %s; a fresh start cures that', (_what, content) => {
    const directory = temporary();
    write(directory, 'state.json', content);
    const folder = takeDataFolder(directory, TAKE);
    expect(refusal(() => folder.readState())).toMatch(
      /state\.json is damaged, expected what tidemark wrote there; remove the data folder or start with --fresh$/,
    );
    expect(takeDataFolder(directory, { command: 'start', fresh: true }).readState()).toBeNull();
  });
});

describe('a recorded exchange of its own process', () => {
  test('is found by others until it is taken back', () => {
    const directory = temporary();
    const takeBack = publishExchange(directory, REPLAYED);
    expect(readRunningExchange(directory)).toEqual({ pid: process.pid, started: startedOf(process.pid), ...REPLAYED });
    expect(modeOf(join(directory, 'exchange.json'))).toBe(0o600);
    takeBack();
    expect(readRunningExchange(directory)).toBeNull();
  });

  test('is refused beside another one', () => {
    const directory = temporary();
    write(directory, 'exchange.json', { ...REPLAYED, pid: OTHER.pid, started: OTHER.started });
    expect(refusal(() => publishExchange(directory, REPLAYED))).toBe(
      `a recorded exchange already runs for the data folder "${directory}" (process ${OTHER.pid}); stop it, or choose another folder with --data DIR`,
    );
  });

  test.runIf(process.platform === 'linux')('takes the place of one that is no more', () => {
    const directory = temporary();
    write(directory, 'exchange.json', { ...REPLAYED, pid: NO_PROCESS, started: '1' });
    publishExchange(directory, REPLAYED);
    expect(readRunningExchange(directory)?.pid).toBe(process.pid);
  });

  test('of an unknown exchange is damaged', () => {
    const directory = temporary();
    write(directory, 'exchange.json', { ...REPLAYED, pid: 1, started: '1', urls: { nasdaq: 'http://127.0.0.1' } });
    expect(refusal(() => readRunningExchange(directory))).toContain('exchange.json is damaged');
  });
});
