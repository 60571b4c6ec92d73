import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ConfigError } from '#core/errors.ts';
import { readRunningExchange, readRunningOwner } from '#local/data-folder.ts';
import { refuseTakenPort } from '#local/port-owner.ts';
import { untilAborted } from '#local/stop-signal.ts';
import { startChild, untilReady, type RunningChild } from './child-process.ts';
import { cleanEnvironment, type Variables } from './emulator-environment.ts';
import { emulatorFolder, forgetEmulator, readEmulator, ROOT, writeEmulator } from './emulator-state.ts';

const MINISTACK = join(ROOT, '.venv-emulator/bin/ministack');
const HOST = '127.0.0.1';

/** Starts the emulator and what lies beside it (cache, store, recorded exchange), and ends them when it is itself ended. */
export async function up(port: number, signal: AbortSignal): Promise<void> {
  refuse(port);
  const folder = emulatorFolder();
  const children: RunningChild[] = [];
  const start = async (name: string, command: readonly [string, ...string[]], environment: Variables, isReady: () => Promise<boolean>) => {
    const child = startChild(name, command, { environment, cwd: folder, logFile: join(folder, `${name}.log`) });
    children.push(child);
    await untilReady(child, isReady);
  };
  try {
    const environment = cleanEnvironment();
    const endpoint = `http://${HOST}:${port}`;
    // Candles of an earlier start happened at other times of the recording.
    for (const name of ['store', 'state.json']) rmSync(join(folder, name), { recursive: true, force: true });
    // The functions are unpacked below it, and what runs them is CommonJS: this project's package.json must not count there.
    writeFileSync(join(folder, 'package.json'), '{}\n');
    const redisPort = await freePort();
    await start('ministack', [MINISTACK], ministackVariables(environment, port, folder), () => answers(`${endpoint}/_ministack/health`));
    await start('redis', redisCommand(redisPort), environment, () => accepts(redisPort));
    await start('store', tidemark(['store', '--data', folder, '--store-port', '0']), environment, async () => {
      return (readRunningOwner(folder)?.storePort ?? null) !== null;
    });
    await start(
      'exchange',
      tidemark(['exchange', '--now', '--data', folder]),
      environment,
      async () => readRunningExchange(folder) !== null,
    );
    writeEmulator({ pid: process.pid, endpoint, redisUrl: `redis://${HOST}:${redisPort}`, collectorPid: null });
    console.log(`AWS is emulated at ${endpoint}; Ctrl-C ends it. In another terminal: npm run emulator:deploy`);
    const unexpected = await Promise.race([untilAborted(signal).then(() => null), ...children.map(({ ended }) => ended)]);
    if (unexpected !== null) throw new Error(unexpected);
  } finally {
    await Promise.all(children.map((child) => child.end()));
    forgetEmulator();
  }
}

function refuse(port: number): void {
  const running = readEmulator();
  if (running !== null)
    throw new ConfigError(`an emulator already runs (process ${running.pid}), expected none; end it with "npm run emulator:down"`);
  if (!existsSync(MINISTACK))
    throw new ConfigError(
      'MiniStack is not at .venv-emulator/bin/ministack; run: python3 -m venv .venv-emulator && .venv-emulator/bin/pip install -r tools/emulator/requirements.txt',
    );
  refuseTakenPort('EMULATOR_PORT', port);
}

/** Only what it needs: the functions that it runs inherit its environment. */
function ministackVariables({ PATH = '' }: Variables, port: number, folder: string): Variables {
  return {
    PATH,
    HOME: folder,
    TMPDIR: folder,
    BIND_HOST: HOST,
    GATEWAY_PORT: String(port),
    IOT_MTLS_ENABLED: '0',
    MINISTACK_REGION: 'eu-west-1',
    LOG_LEVEL: 'WARNING',
  };
}

function redisCommand(port: number): readonly [string, ...string[]] {
  return ['redis-server', '--bind', HOST, '--port', String(port), '--save', '', '--appendonly', 'no'];
}

function tidemark(args: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, '--disable-warning=ExperimentalWarning', join(ROOT, 'bin/tidemark.js'), ...args];
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

async function accepts(port: number): Promise<boolean> {
  const { connect } = await import('node:net');
  return await new Promise((resolve) => {
    const socket = connect(port, HOST, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, HOST, () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port is free'))));
    });
  });
}
