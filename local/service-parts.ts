import type { Config } from '#config/load.ts';
import { ConfigError } from '#core/errors.ts';
import type { RecordingManifest } from '#core/recording.ts';
import { readRunningExchange, readRunningOwner, readStoreState, writeStoreState, type RunningExchange } from './data-folder.ts';

/** The recorded exchange of another terminal. Throws `ConfigError` when none runs. */
export function runningExchange(directory: string): RunningExchange {
  const exchange = readRunningExchange(directory);
  if (exchange === null)
    throw new ConfigError(
      `no recorded exchange runs for the data folder "${directory}", expected one; start "tidemark exchange" in another terminal, or use --live`,
    );
  return exchange;
}

/** The recording's time now, in the process of that exchange. */
export function virtualNow({ replay }: RunningExchange): number {
  return Math.floor(replay.startMs + (Date.now() - replay.startedAtMs) * replay.speed);
}

/**
 * The configuration with the store of the process that holds the folder, and the environment that carries its password. Whoever would do what
 * `tidemark start` does already is refused beside it; others say that they may be there.
 */
export function remoteStore(
  config: Config,
  directory: string,
  mayBeBesideStart = false,
): { readonly config: Config; readonly environment: Readonly<Record<string, string | undefined>> } {
  if (config.databases.clickhouse.mode === 'http') return { config, environment: process.env };
  const owner = readRunningOwner(directory);
  if (owner !== null && owner.storePort === null)
    throw new ConfigError(
      `process ${owner.pid} (tidemark ${owner.command}) holds the data folder "${directory}" and shares no store, expected "tidemark store"; stop it and start "tidemark store" first, or choose another folder with --data DIR`,
    );
  if (owner === null || owner.storePort === null || owner.writerPassword === null) {
    throw new ConfigError(`no store runs for the data folder "${directory}", expected one; start "tidemark store" in another terminal`);
  }
  if (owner.command === 'start' && !mayBeBesideStart)
    throw new ConfigError(
      `process ${owner.pid} (tidemark start) already runs every service on the data folder "${directory}"; choose another folder with --data DIR`,
    );
  const clickhouse = {
    ...config.databases.clickhouse,
    mode: 'http',
    url: `http://127.0.0.1:${owner.storePort}`,
    username: 'writer',
    passwordEnv: 'WRITER_PASSWORD',
  } as const;
  return { config: { ...config, databases: { ...config.databases, clickhouse } }, environment: { WRITER_PASSWORD: owner.writerPassword } };
}

/** A store is a replay of one recording or live, never both. */
export function claimState(directory: string, recording: RecordingManifest | null, tickMs: number): void {
  const state = readStoreState(directory);
  const held = state === null ? null : state.kind === 'live' ? 'live data' : `a replay of "${state.recording}"`;
  const wanted = recording === null ? 'live data' : `a replay of "${recording.name}"`;
  if (held !== null && held !== wanted)
    throw new ConfigError(`the data folder "${directory}" holds ${held}, expected ${wanted}; choose another folder with --data DIR`);
  if (held === null)
    writeStoreState(
      directory,
      recording === null ? { kind: 'live' } : { kind: 'replay', recording: recording.name, fromMs: tickMs, tickMs },
    );
}
