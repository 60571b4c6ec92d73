import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import { refuseTakenPort } from '#local/port-owner.ts';

test.runIf(process.platform === 'linux')('a taken port is refused with the process that holds it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    expect(() => refuseTakenPort('--port', port)).toThrow(
      new RegExp(
        `^--port ${port}: the port is taken by process ${process.pid} \\(.+\\), expected a free one; stop it, or choose another with --port N$`,
      ),
    );
    expect(() => refuseTakenPort('--port', port)).toThrow(ConfigError);
  } finally {
    server.close();
    await once(server, 'close');
  }
  expect(() => refuseTakenPort('--port', port)).not.toThrow();
});

test('port 0 is always free', () => {
  expect(() => refuseTakenPort('--port', 0)).not.toThrow();
});
