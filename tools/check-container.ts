import { execFile, type ExecFileException } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRunningExchange, readRunningOwner } from '#local/data-folder.ts';
import { startChild, untilReady, type RunningChild } from './emulator/child-process.ts';
import { cleanEnvironment, exchangeVariables, type Variables } from './emulator/emulator-environment.ts';
import { ROOT } from './emulator/emulator-state.ts';

// `npm run check:container`: builds the collector's image and lets it collect the recorded exchange's trades as a container. It uses the Docker
// engine that runs, or starts one for itself (Debian: docker.io, as root), and says so when there is none. The image stands on
// TIDEMARK_CONTAINER_BASE, or on a Debian made here (debootstrap) with this project's Node: no registry of images is asked.

const IMAGE = 'tidemark-collector:check';
const HEALTHY_WITHIN_MS = 120_000;
const MINUTES_WITHIN_MS = 180_000;

const folder = mkdtempSync(join(tmpdir(), 'tidemark-container-'));
const started: RunningChild[] = [];
let dockerHost = process.env['DOCKER_HOST'];

async function run(command: string, ...args: readonly string[]): Promise<string> {
  const env = { ...process.env, ...(dockerHost === undefined ? {} : { DOCKER_HOST: dockerHost }) };
  return await new Promise<string>((resolve, reject) => {
    execFile(command, args, { env, cwd: ROOT, maxBuffer: 1 << 26 }, (error: ExecFileException | null, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else reject(new Error(`${command} ${args.slice(0, 3).join(' ')} ended with ${error.code ?? error.signal}: ${stderr.slice(-2000)}`));
    });
  });
}

async function works(command: string, ...args: readonly string[]): Promise<boolean> {
  return await run(command, ...args).then(
    () => true,
    () => false,
  );
}

/** An engine that answers, be it one of our own; null with the reason otherwise. */
async function engine(): Promise<string | null> {
  if (await works('docker', 'info')) return null;
  if (!(await works('dockerd', '--version'))) return 'no Docker engine runs here, and none is installed';
  if (process.getuid?.() !== 0) return 'no Docker engine runs here, and only root can start one';
  const socket = `unix://${join(folder, 'docker.sock')}`;
  const flags = ['--iptables=false', '--ip6tables=false', '--ip-masq=false', '--bip', '10.213.0.1/24'];
  const places = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'docker.pid')];
  const child = start('dockerd', ['dockerd', ...places, '-H', socket, ...flags], cleanEnvironment());
  dockerHost = socket;
  try {
    await untilReady(child, () => works('docker', 'info'));
    return null;
  } catch (error) {
    return `a Docker engine does not start here: ${(error as Error).message}`;
  }
}

function start(name: string, command: readonly [string, ...string[]], environment: Variables): RunningChild {
  const child = startChild(name, command, { environment, cwd: ROOT, logFile: join(folder, `${name}.log`) });
  started.push(child);
  return child;
}

/** The image to stand on; null when none can be made. */
async function baseImage(): Promise<string | null> {
  const given = process.env['TIDEMARK_CONTAINER_BASE'];
  if (given !== undefined && given !== '') return given;
  if (!(await works('debootstrap', '--version'))) return null;
  const rootfs = join(folder, 'rootfs');
  await run('debootstrap', '--variant=minbase', 'bookworm', rootfs);
  // npm says where it and its settings are to what it runs.
  const npmCommand = process.env['npm_execpath'];
  if (npmCommand === undefined) throw new Error('npm_execpath is not set, expected npm run check:container; start it so');
  const copies: readonly (readonly [string, string])[] = [
    [realpathSync(process.execPath), '/usr/local/bin/node'],
    [dirname(dirname(npmCommand)), '/usr/local/lib/node_modules/npm'],
    [process.env['npm_config_globalconfig'] ?? '', '/usr/local/etc/npmrc'],
    // Where packages come through a certificate of one's own, it is needed in there too.
    ...[process.env['NODE_EXTRA_CA_CERTS'] ?? ''].map((file) => [file, file] as const),
  ];
  for (const [from, to] of copies.filter(([file]) => file !== '' && existsSync(file))) {
    mkdirSync(join(rootfs, dirname(to)), { recursive: true });
    cpSync(from, join(rootfs, to), { recursive: true, dereference: true, force: true });
  }
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(rootfs, 'usr/local/bin/npm'));
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  const changes = certificates === undefined ? [] : ['--change', `ENV NODE_EXTRA_CA_CERTS=${certificates}`];
  await run('sh', '-c', `tar -C '${rootfs}' -c . | docker import ${changes.map((one) => `'${one}'`).join(' ')} - tidemark-base:check`);
  return 'tidemark-base:check';
}

async function until(what: string, withinMs: number, isSo: () => Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + withinMs;
  // oxlint-disable-next-line no-await-in-loop -- asks until it is so
  while (!(await isSo())) {
    if (performance.now() > endsAt) throw new Error(`${what} did not come within ${withinMs / 1000} s`);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await sleep(1000);
  }
}

/** Store and exchange as processes, the collector as a container beside them. */
async function collect(): Promise<string> {
  const cli = [process.execPath, '--disable-warning=ExperimentalWarning', join(ROOT, 'bin/tidemark.js')] as const;
  const data = join(folder, 'platform');
  const store = start('store', [...cli, 'store', '--data', data, '--store-port', '0'], cleanEnvironment());
  await untilReady(store, async () => readRunningOwner(data)?.storePort != null);
  const exchange = start('exchange', [...cli, 'exchange', '--data', data, '--now'], cleanEnvironment());
  await untilReady(exchange, async () => readRunningExchange(data) !== null);
  const owner = readRunningOwner(data);
  const running = readRunningExchange(data);
  if (owner === null || running === null) throw new Error('the store or the exchange went away');
  const variables: Variables = {
    TIDEMARK_DATABASES__CLICKHOUSE__MODE: 'http',
    TIDEMARK_DATABASES__CLICKHOUSE__URL: `http://127.0.0.1:${owner.storePort}`,
    TIDEMARK_DATABASES__CLICKHOUSE__USERNAME: 'writer',
    CLICKHOUSE_PASSWORD: owner.writerPassword ?? '',
    ...exchangeVariables(running),
  };
  // In a file, where the list of processes does not show them.
  const settings = join(folder, 'container.env');
  writeFileSync(
    settings,
    Object.entries(variables)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
    { mode: 0o600 },
  );
  const name = `tidemark-check-${process.pid}`;
  await run(
    'docker',
    'run',
    '--detach',
    '--name',
    name,
    '--network',
    'host',
    '--read-only',
    '--tmpfs',
    '/tmp',
    '--env-file',
    settings,
    IMAGE,
  );
  try {
    await until(
      'the health of the container',
      HEALTHY_WITHIN_MS,
      async () => (await inspect(name, '{{.State.Health.Status}}')) === 'healthy',
    );
    await until('a minute of trades in the store', MINUTES_WITHIN_MS, async () => (await countMinutes(owner.storePort ?? 0)) > 0);
    await run('docker', 'stop', '--time', '10', name);
    const code = await inspect(name, '{{.State.ExitCode}}');
    if (code !== '0') throw new Error(`the container ended with ${code}, expected 0`);
    return `healthy, ${await countMinutes(owner.storePort ?? 0)} minutes of trades in the store, ended with 0 when it was stopped`;
  } catch (error) {
    console.error(await run('docker', 'logs', '--tail', '50', name).catch(() => ''));
    throw error;
  } finally {
    await works('docker', 'rm', '--force', name);
  }
}

async function inspect(name: string, format: string): Promise<string> {
  return await run('docker', 'inspect', '--format', format, name);
}

async function countMinutes(storePort: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${storePort}/`, { method: 'POST', body: 'SELECT count() FROM trade_minutes' });
  return Number(await answer.text());
}

try {
  const missing = await engine();
  const base = missing === null ? await baseImage() : null;
  if (missing !== null) console.log(`container: skipped: ${missing}`);
  else if (base === null) console.log('container: skipped: no base image; set TIDEMARK_CONTAINER_BASE, or install debootstrap');
  else {
    await run(
      'docker',
      'build',
      '--network',
      'host',
      '--file',
      'fargate/collector/Dockerfile',
      '--build-arg',
      `BASE=${base}`,
      '--tag',
      IMAGE,
      '.',
    );
    console.log(`container: passed: ${await collect()}`);
  }
} catch (error) {
  console.error(`container: failed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  for (const child of started.toReversed()) await child.end();
  // An engine leaves its network behind as a mount.
  const network = join(folder, 'exec/netns/default');
  if (existsSync(network)) await works('umount', network);
  rmSync(folder, { recursive: true, force: true });
}
