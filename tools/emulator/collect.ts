import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { ConfigError } from '#core/errors.ts';
import { startChild } from './child-process.ts';
import { awsVariables, cleanEnvironment, platformVariables, STORE_SECRET } from './emulator-environment.ts';
import { DEPLOYED_FILE, emulatorFolder, isAlive, ROOT, runningEmulator, writeEmulator } from './emulator-state.ts';

/** The collector's container as a process: the same entry and variables. Runs until it is stopped. */
export async function collect(signal: AbortSignal): Promise<void> {
  const emulator = runningEmulator();
  const environment = {
    ...cleanEnvironment(),
    ...awsVariables(emulator),
    ...platformVariables(emulator),
    TIDEMARK_STREAMING__STREAM__PROVIDER: 'kinesis',
    TIDEMARK_STREAMING__STREAM__NAME: streamName(),
    CLICKHOUSE_PASSWORD_SECRET: STORE_SECRET,
  };
  const logFile = join(emulatorFolder(), 'collector.log');
  const collector = startChild('collector', [process.execPath, join(ROOT, 'fargate/collector/main.ts')], {
    environment,
    cwd: ROOT,
    logFile,
  });
  console.log(`collecting; its lines go to ${logFile}; Ctrl-C ends it`);
  writeEmulator({ ...emulator, collectorPid: process.pid });
  try {
    const unexpected = await Promise.race([untilStopped(signal, emulator.pid), collector.ended]);
    if (unexpected !== null) throw new Error(unexpected);
  } finally {
    await collector.end();
  }
}

/** Also when the emulator goes away: there is nothing left to collect for. */
async function untilStopped(signal: AbortSignal, emulatorPid: number): Promise<null> {
  // oxlint-disable-next-line no-await-in-loop -- looks again until it is so
  while (!signal.aborted && isAlive(emulatorPid)) await sleep(200);
  return null;
}

function streamName(): string {
  try {
    const name = parseEnv(readFileSync(DEPLOYED_FILE, 'utf8'))['TIDEMARK_STREAM'];
    if (name !== undefined) return name;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  throw new ConfigError('nothing is deployed to the emulator, expected the stack; run "npm run emulator:deploy" first');
}
