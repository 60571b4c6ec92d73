import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError } from '#core/errors.ts';
import { startChild } from './child-process.ts';
import { awsVariables, cleanEnvironment, platformVariables, STORE_SECRET } from './emulator-environment.ts';
import { DEPLOYED_FILE, emulatorFolder, ROOT, runningEmulator } from './emulator-state.ts';

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
  const collector = startChild('collector', [process.execPath, join(ROOT, 'fargate/collector/main.ts')], { environment, cwd: ROOT, logFile });
  console.log(`collecting; its lines go to ${logFile}; Ctrl-C ends it`);
  const stopped = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  try {
    const unexpected = await Promise.race([stopped, collector.ended]);
    if (unexpected !== null) throw new Error(unexpected);
  } finally {
    await collector.end();
  }
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
