import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

export type RedisServer = {
  readonly port: number;
  readonly url: string;
  /** Sends one command over a connection of its own, with all the time it needs. */
  command(...parts: readonly string[]): Promise<unknown>;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
  /** Starts it again on the same port, empty. */
  start(): Promise<void>;
};

/** A real redis-server on 127.0.0.1, without a disk. Fails when there is none on this machine. */
export async function startRedisServer(...options: readonly string[]): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-redis-'));
  const port = await freePort();
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    mkdirSync(directory, { recursive: true });
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'no', ...options];
    const started = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child = started;
    let log = '';
    await new Promise<void>((resolve, reject) => {
      started.on('error', reject);
      started.on('exit', () => reject(new Error(`redis-server ended at its start:\n${log}`)));
      started.stdout?.on('data', (chunk: Buffer) => {
        log += chunk.toString();
        if (log.includes('eady to accept connections')) resolve();
      });
    });
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    async command(name, ...args) {
      const redis = new Redis({ port, host: '127.0.0.1', protocol: 2, lazyConnect: true, retryStrategy: () => null });
      try {
        await redis.connect();
        return await redis.call(name ?? 'PING', ...args);
      } finally {
        redis.disconnect();
      }
    },
    signal: (name) => void child?.kill(name),
    async stop() {
      if (child === null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      child = null;
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
    start,
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
