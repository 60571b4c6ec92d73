import { createHostParts } from '#factories/host-parts.ts';
import { startStoreEndpoint } from '#factories/store-endpoint.ts';
import { ConfigError } from '#core/errors.ts';
import { takeDataFolder, type StoreState } from './data-folder.ts';
import { makeWriterPassword, openStore } from './platform.ts';
import { refuseTakenPort } from './port-owner.ts';
import { createStack } from './resource-stack.ts';
import type { ServiceContext, ServiceOptions } from './service-context.ts';
import { untilAborted } from './stop-signal.ts';

export type StoreServiceOptions = ServiceOptions & { readonly port: number; readonly isLive: boolean };

/** Only the store: the embedded engine behind ClickHouse's HTTP interface on 127.0.0.1, until stopped. */
export async function runStoreService(options: StoreServiceOptions, { config, output, signal, log }: ServiceContext): Promise<void> {
  const stack = createStack();
  try {
    const folder = takeDataFolder(options.dataDirectory, { command: 'store', fresh: false });
    stack.add('the data folder', async () => folder.release());
    refuseTakenPort('--store-port', options.port);
    const parts = createHostParts('store', { level: options.logLevel, write: log });
    const { db, engine } = await openStore(config, parts, folder.storeDirectory, keepsForever(options, folder.readState()));
    stack.add('the store', () => db.close());
    if (engine === null)
      throw new ConfigError(
        'config/databases.yaml: clickhouse.mode is "http", expected embedded: a ClickHouse server offers itself; use it directly',
      );
    const writerPassword = makeWriterPassword();
    const endpoint = await startStoreEndpoint(config, engine, { port: options.port, writerPassword });
    stack.add('the store endpoint', () => endpoint.close());
    folder.publish({ pagePort: null, storePort: endpoint.port, writerPassword });
    output.line(`store at ${endpoint.url} (reading needs no password); Ctrl-C ends it`);
    await untilAborted(signal);
  } finally {
    await stack.close();
  }
}

/** What the folder holds decides: a time to live would remove a replay of old days at once. An empty folder keeps data unless told otherwise. */
function keepsForever({ isLive, dataDirectory }: StoreServiceOptions, state: StoreState | null): boolean {
  if (isLive && state?.kind === 'replay') {
    throw new ConfigError(
      `the data folder "${dataDirectory}" holds a replay of "${state.recording}", expected live data or none for --live; leave out --live, or choose another folder with --data DIR`,
    );
  }
  return state === null ? !isLive : state.kind === 'replay';
}
