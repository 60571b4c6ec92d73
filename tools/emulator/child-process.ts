import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Variables } from './emulator-environment.ts';

const END_WITHIN_MS = 5000;
const READY_WITHIN_MS = 60_000;

export type RunningChild = {
  readonly name: string;
  /** Resolves when it ends, with how. */
  readonly ended: Promise<string>;
  /** SIGTERM, and SIGKILL when it is still there after 5 s; with all its own children. */
  end(): Promise<void>;
};

export type ChildOptions = { readonly environment: Variables; readonly cwd: string; readonly logFile: string };

/** A process of the emulator in a group of its own; what it says goes to a file. */
export function startChild(name: string, [command, ...args]: readonly [string, ...string[]], options: ChildOptions): RunningChild {
  const log = createWriteStream(options.logFile, { mode: 0o600 });
  const child = spawn(command, args, { cwd: options.cwd, env: options.environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${name} could not be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(`${name} ended with ${code ?? signal}; see ${options.logFile}`));
  });
  return { name, ended, end: () => endGroup(child, ended) };
}

async function endGroup(child: ChildProcess, ended: Promise<string>): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  await Promise.race([ended, sleep(END_WITHIN_MS, undefined, { ref: false })]);
  // Also what it started and left behind.
  killGroup(pid);
  await ended;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Resolves once the child does what it is for; rejects when it ends before, or does not within a minute. */
export async function untilReady({ name, ended }: RunningChild, isReady: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  let end: string | undefined;
  void ended.then((how) => (end = how));
  // oxlint-disable-next-line no-await-in-loop -- asks until it is ready
  while (!(await isReady())) {
    if (end !== undefined) throw new Error(end);
    if (performance.now() > deadlineMs) throw new Error(`${name} is not ready after a minute`);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await sleep(50);
  }
}
