import { Server } from 'node:net';
import { startFauxqs } from 'fauxqs';

/** fauxqs on 127.0.0.1: by itself it listens on all interfaces, so its call is turned here, before it is made. */
export async function startLocalFauxqs() {
  const listen = Reflect.get(Server.prototype, 'listen') as (this: Server, ...args: unknown[]) => Server;
  const addresses: unknown[] = [];
  Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
    const [options, ...others] = args;
    const isOptions = typeof options === 'object' && options !== null;
    this.once('listening', () => addresses.push(this.address()));
    return listen.apply(this, isOptions ? [{ ...options, host: '127.0.0.1' }, ...others] : args);
  };
  try {
    const server = await startFauxqs({ port: 0, logger: false });
    return { server, addresses };
  } finally {
    Server.prototype.listen = listen as typeof Server.prototype.listen;
  }
}
