import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../../..');

export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** A command as a user runs it: a process of its own, with what it says. */
export type RunningCommand = {
  readonly pid: number;
  readonly stdout: () => string;
  readonly ended: Promise<Ended>;
  /** The first whole line of stdout that matches; fails when the command ends without one. */
  readonly line: (pattern: RegExp) => Promise<string>;
  /** Waits for what the command is to bring about; fails when it ends before. */
  readonly reaches: (what: string, condition: () => boolean | Promise<boolean>) => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** The reader of stdout goes away, as `| head` does. */
  readonly closeStdout: () => void;
};

export type CommandOptions = {
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
};

const running = new Set<ChildProcess>();
const folders: string[] = [];

process.on('exit', () => killAll());

/** `tidemark <args>` from a folder that is not the project's: nothing may depend on where it is run. */
export function tidemark(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  return run(process.execPath, ['--disable-warning=ExperimentalWarning', join(ROOT, 'bin/tidemark.js'), ...args], {
    cwd: tmpdir(),
    ...options,
  });
}

/** `npm <args>` in the project, as the README says it. */
export function npm(args: readonly string[]): RunningCommand {
  return run('npm', args, { cwd: ROOT });
}

export function run(command: string, args: readonly string[], { environment = {}, cwd = ROOT }: CommandOptions): RunningCommand {
  // A group of its own, so that what npm starts ends with it.
  const child = spawn(command, args, {
    cwd,
    env: { ...cleanEnvironment(), ...environment },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  let hasEnded = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      hasEnded = true;
      running.delete(child);
      resolve({ code, signal, stdout, stderr });
    });
  });
  const reaches = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
    await until(what, async () => {
      // Asked first: what the command did last is there before it ends.
      const wasRunning = !hasEnded;
      if (await condition()) return true;
      if (wasRunning) return false;
      throw new Error(`${args.join(' ')} ended before ${what}\n${stdout}\n${stderr}`);
    });
  };
  return {
    pid: child.pid ?? Number.NaN,
    stdout: () => stdout,
    ended,
    async line(pattern) {
      const found = (): string | undefined =>
        stdout
          .split('\n')
          .slice(0, -1)
          .find((one) => pattern.test(one));
      await reaches(`a line ${pattern}`, () => found() !== undefined);
      return found() ?? '';
    },
    reaches,
    kill: (signal) => void child.kill(signal),
    closeStdout: () => child.stdout.destroy(),
  };
}

/** Without what the developer's shell says to tidemark or to node. */
function cleanEnvironment(): Record<string, string> {
  const own = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && !/^(TIDEMARK_|NODE_OPTIONS|VITEST|FORCE_COLOR|npm_)/.test(name),
  );
  return { ...Object.fromEntries(own), PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` } as Record<string, string>;
}

/** For afterEach: no child outlives its test, and no folder. */
export async function endCommands(): Promise<void> {
  const ends = [...running].map((child) => new Promise((resolve) => child.once('close', resolve)));
  killAll();
  await Promise.all(ends);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

function killAll(): void {
  for (const { pid } of running) if (pid !== undefined) killGroup(pid);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It may have ended between the list and the signal; nothing else is expected.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A folder that goes with `endCommands`. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-e2e-'));
  folders.push(folder);
  return folder;
}

/** Polls until the condition holds; fails with the words after a minute. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited a minute for ${what}`);
    await new Promise((resolve) => void setTimeout(resolve, 10));
  }
}

export type Runtime = { readonly pid: number; readonly pagePort: number; readonly storePort: number; readonly writerPassword: string };

export function runtimeOf(data: string): Runtime {
  return readJson(data, 'runtime.json') as Runtime;
}

/** The newest tick that the data folder says is done, UTC ms; undefined while it says nothing. */
export function storedTickMs(data: string): number | undefined {
  try {
    return (readJson(data, 'state.json') as { tickMs: number }).tickMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function readJson(data: string, name: string): unknown {
  return JSON.parse(readFileSync(join(data, name), 'utf8'));
}

/** Options of every start: free ports and a folder. */
export function on(data: string): readonly string[] {
  return ['--data', data, '--port', '0', '--store-port', '0'];
}

/** Runs to the end; the JSON report of `start --json`. Fails with what the command said when its exit code is not 0. */
export async function startToEnd(data: string, args: readonly string[], options: CommandOptions = {}): Promise<Report> {
  const ended = await tidemark(['start', ...on(data), '--speed', 'max', '--json', ...args], options).ended;
  if (ended.code !== 0)
    throw new Error(`start ${args.join(' ')} ended with ${ended.code ?? ended.signal}\n${ended.stdout}\n${ended.stderr}`);
  return JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? '') as Report;
}

export type Report = {
  readonly mode: string;
  readonly recording: string;
  readonly ticks: number;
  readonly lastTick: string;
  readonly candlesStored: Readonly<Record<string, number>>;
  readonly candlesChanged: number;
  readonly rowsRefused: number;
  readonly indicatorsWritten: number;
  readonly gaps: readonly {
    readonly series: string;
    readonly first: string;
    readonly last: string;
    readonly candles: number;
    readonly reason: string;
  }[];
  readonly errorCount: number;
  readonly errors: readonly unknown[];
  readonly durationMs: number;
};

/** `tidemark sql`: the rows of one statement, cells as text. */
export async function sql(data: string, query: string): Promise<readonly (readonly string[])[]> {
  const { code, stdout, stderr } = await tidemark(['sql', '--data', data, '--format', 'TSV', query]).ended;
  if (code !== 0) throw new Error(`sql ended with ${code}: ${stderr}`);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'));
}
