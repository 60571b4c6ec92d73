import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { ConfigError } from '#core/errors.ts';
import { EXCHANGES } from '#core/exchange.ts';
import { parseJsonObject } from '#std/json-object.ts';

const PROCESS = {
  pid: z.int(),
  /** When the process started, in the machine's own count: tells a live process from a later one with the same number. */
  started: z.string(),
};

/** What a running process says of itself, so that others can reach its store and know whom to ask. */
const RUNTIME = z.object({
  ...PROCESS,
  command: z.string(),
  pagePort: z.nullable(z.int()),
  storePort: z.nullable(z.int()),
  writerPassword: z.nullable(z.string()),
});

export type Runtime = z.infer<typeof RUNTIME>;

/** Where a recorded exchange answers that runs in a process of its own, and what time it is there. */
const EXCHANGE = z.object({
  ...PROCESS,
  recordings: z.string(),
  urls: z.partialRecord(z.enum(EXCHANGES), z.string()),
  webSocketUrls: z.partialRecord(z.enum(EXCHANGES), z.string()),
  replay: z.object({ startMs: z.int(), speed: z.number(), startedAtMs: z.number() }),
});

export type RunningExchange = z.infer<typeof EXCHANGE>;

const STATE = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('replay'), recording: z.string(), fromMs: z.int(), tickMs: z.int() }),
  z.object({ kind: z.literal('live') }),
]);

/** What the store holds: a replay of one recording up to a tick, or live data; never both. */
export type StoreState = z.infer<typeof STATE>;

export type DataFolder = {
  readonly directory: string;
  readonly storeDirectory: string;
  readState(): StoreState | null;
  writeState(state: StoreState): void;
  publish(runtime: Pick<Runtime, 'pagePort' | 'storePort' | 'writerPassword'>): void;
  release(): void;
};

/**
 * Takes the folder for this process (creating it, mode 0700). Throws `ConfigError` naming the owner when another process holds it.
 * `fresh` removes what an earlier run stored.
 */
export function takeDataFolder(directory: string, { command, fresh }: { readonly command: string; readonly fresh: boolean }): DataFolder {
  const files = filesOf(directory);
  makeFolder(directory);
  const owner = readRunningOwner(directory);
  if (owner !== null) {
    const reach = owner.pagePort === null ? '' : ` (its page: http://127.0.0.1:${owner.pagePort})`;
    throw new ConfigError(
      `the data folder "${directory}" is held by process ${owner.pid} (tidemark ${owner.command})${reach}; stop that process, or choose another folder with --data DIR`,
    );
  }
  const self = { ...processIdentity(), command };
  writeFirst(directory, files.runtime, { ...self, pagePort: null, storePort: null, writerPassword: null });
  if (fresh) {
    rmSync(files.store, { recursive: true, force: true });
    rmSync(files.archive, { recursive: true, force: true });
    rmSync(files.state, { force: true });
  }
  return {
    directory,
    storeDirectory: files.store,
    readState: () => readJson(files.state, STATE),
    writeState: (state) => writeAtomically(files.state, state),
    publish: (runtime) => writeAtomically(files.runtime, { ...self, ...runtime }),
    release: () => rmSync(files.runtime, { force: true }),
  };
}

/** The process that holds the folder now, or null. */
export function readRunningOwner(directory: string): Runtime | null {
  const runtime = readJson(filesOf(directory).runtime, RUNTIME);
  if (runtime === null || runtime.pid === process.pid) return null;
  return startOf(runtime.pid) === runtime.started ? runtime : null;
}

/** Tells the services in other terminals where the recorded exchange of this process answers; the returned function takes it back. */
export function publishExchange(directory: string, exchange: Omit<RunningExchange, 'pid' | 'started'>): () => void {
  makeFolder(directory);
  const running = readRunningExchange(directory);
  if (running !== null)
    throw new ConfigError(
      `a recorded exchange already runs for the data folder "${directory}" (process ${running.pid}); stop it, or choose another folder with --data DIR`,
    );
  writeFirst(directory, filesOf(directory).exchange, { ...processIdentity(), ...exchange });
  return () => rmSync(filesOf(directory).exchange, { force: true });
}

/** The recorded exchange that runs in another process for this folder, or null. */
export function readRunningExchange(directory: string): RunningExchange | null {
  const exchange = readJson(filesOf(directory).exchange, EXCHANGE);
  return exchange !== null && startOf(exchange.pid) === exchange.started ? exchange : null;
}

/** Notes what the store holds, for a service that reaches the store through another process. */
export function writeStoreState(directory: string, state: StoreState): void {
  writeAtomically(filesOf(directory).state, state);
}

export function readStoreState(directory: string): StoreState | null {
  return readJson(filesOf(directory).state, STATE);
}

/** Where archived trades go when they are files. */
export function archiveDirectoryOf(directory: string): string {
  return filesOf(directory).archive;
}

function processIdentity() {
  return { pid: process.pid, started: startOf(process.pid) ?? '' };
}

function filesOf(directory: string) {
  return {
    store: join(directory, 'store'),
    archive: join(directory, 'archive'),
    state: join(directory, 'state.json'),
    runtime: join(directory, 'runtime.json'),
    exchange: join(directory, 'exchange.json'),
  };
}

function makeFolder(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unusable(directory, 'made', cause);
  }
}

/** The first file tells whether the folder can be written to at all. */
function writeFirst(directory: string, file: string, value: unknown): void {
  try {
    writeAtomically(file, value);
  } catch (cause) {
    throw unusable(directory, 'written', cause);
  }
}

function unusable(directory: string, verb: 'made' | 'read' | 'written', cause: unknown): ConfigError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new ConfigError(
    `the data folder "${directory}" cannot be ${verb} (${code}); choose a folder that you may write to with --data DIR`,
    { cause },
  );
}

/** The start time of a living process in the kernel's ticks; on systems without /proc only whether it lives; null when it does not. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name stands in parentheses and may itself hold spaces and parentheses: fields count from the last one.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return process.platform === 'linux' ? null : aliveWithoutProc(pid);
  }
}

function aliveWithoutProc(pid: number): string | null {
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? '' : null;
  }
}

function readJson<T extends z.ZodMiniType>(file: string, schema: T): z.infer<T> | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unusable(dirname(file), 'read', error);
  }
  const parsed = schema.safeParse(parseJsonObject(text));
  if (!parsed.success)
    throw new ConfigError(`${file} is damaged, expected what tidemark wrote there; remove the data folder or start with --fresh`);
  return parsed.data;
}

/** Readers see the old file or the new one, never a half: also after a crash. */
function writeAtomically(file: string, value: unknown): void {
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}
