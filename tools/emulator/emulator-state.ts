import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '#core/errors.ts';

export const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.tidemark/emulator');
const STATE_FILE = join(FOLDER, 'emulator.json');

/** What `emulator:up` started, for the commands in other terminals. */
export type EmulatorState = {
  /** Of `emulator:up`. */
  readonly pid: number;
  readonly endpoint: string;
  readonly redisUrl: string;
  /** Of `emulator:collect`; null while it does not run. */
  readonly collectorPid: number | null;
};

/** Everything of the emulator lies in here: the store, the services' outputs, what is running. */
export function emulatorFolder(): string {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  return FOLDER;
}

/** Written by `emulator:deploy`; `tidemark logs` reads it. */
export const DEPLOYED_FILE = join(ROOT, '.env.deployed');

/** Null when nothing runs. */
export function readEmulator(): EmulatorState | null {
  if (!existsSync(STATE_FILE)) return null;
  const state = JSON.parse(readFileSync(STATE_FILE, 'utf8')) as EmulatorState;
  return isAlive(state.pid) ? state : null;
}

/** Throws `ConfigError` when nothing runs. */
export function runningEmulator(): EmulatorState {
  const state = readEmulator();
  if (state !== null) return state;
  throw new ConfigError('no emulator runs, expected one; start "npm run emulator:up" in another terminal');
}

export function writeEmulator(state: EmulatorState): void {
  writePrivately(STATE_FILE, `${JSON.stringify(state)}\n`);
}

export function forgetEmulator(): void {
  rmSync(STATE_FILE, { force: true });
  rmSync(DEPLOYED_FILE, { force: true });
}

export function writePrivately(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
