import { join } from 'node:path';
import { loadRecordingManifest } from '#config/recording.ts';
import { ConfigError } from '#core/errors.ts';
import { EXCHANGES } from '#core/exchange.ts';
import { readRunningExchange, readRunningOwner } from '#local/data-folder.ts';
import { emulatorFolder, ROOT, type EmulatorState } from './emulator-state.ts';

export type Variables = Readonly<Record<string, string>>;

/** Name of the secret with the store's password (lib/infra/platform.ts). */
export const STORE_SECRET = 'tidemark-local-store';

/** Whoever talks to the emulator: it asks for credentials and looks at none. */
export function awsVariables({ endpoint }: EmulatorState): Variables {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    // A name of its own: the CDK keeps accounts by it.
    AWS_ACCESS_KEY_ID: 'tidemark-emulator',
    ['AWS_SECRET_ACCESS' + '_KEY']: 'tidemark-emulator',
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
  };
}

/** Store, cache and exchanges beside the emulator, as overrides of `config/`. Throws `ConfigError` when one does not run. */
export function platformVariables({ redisUrl }: EmulatorState): Variables {
  const folder = emulatorFolder();
  const store = readRunningOwner(folder);
  const exchange = readRunningExchange(folder);
  if (store === null || store.storePort === null || exchange === null)
    throw new ConfigError('the store or the recorded exchange of the emulator does not run; end "npm run emulator:up" and start it again');
  return {
    TIDEMARK_DATABASES__CLICKHOUSE__MODE: 'http',
    TIDEMARK_DATABASES__CLICKHOUSE__URL: `http://127.0.0.1:${store.storePort}`,
    TIDEMARK_DATABASES__CLICKHOUSE__USERNAME: 'writer',
    TIDEMARK_DATABASES__CACHE__PROVIDER: 'redis',
    TIDEMARK_DATABASES__CACHE__URL: redisUrl,
    ...exchangeVariables(exchange),
  };
}

/** The store's password, for the secret. */
export function storePassword(): string {
  const password = readRunningOwner(emulatorFolder())?.writerPassword ?? null;
  if (password === null) throw new ConfigError('the store of the emulator does not run; end "npm run emulator:up" and start it again');
  return password;
}

/** The markets of the recording at its own addresses; exchanges that it does not have are off. */
export function exchangeVariables(running: NonNullable<ReturnType<typeof readRunningExchange>>): Variables {
  const { series } = loadRecordingManifest(running.recordings);
  const entries = EXCHANGES.flatMap((exchange): (readonly [string, string])[] => {
    const symbols = [...new Set(series.filter((one) => one.exchange === exchange).map(({ symbol }) => symbol))];
    const prefix = `TIDEMARK_EXCHANGES__${exchange.toUpperCase()}__`;
    const restUrl = running.urls[exchange];
    const wsUrl = running.webSocketUrls[exchange];
    if (symbols.length === 0 || restUrl === undefined || wsUrl === undefined)
      return exchange === 'binanceus' ? [] : [[`${prefix}ENABLED`, 'false']];
    return [
      [`${prefix}SYMBOLS`, `[${symbols.join(', ')}]`],
      [`${prefix}REST_URL`, restUrl],
      [`${prefix}WS_URL`, wsUrl],
    ];
  });
  return Object.fromEntries(entries);
}

/** Nothing of the deployer's own AWS or tidemark settings reaches a process of the emulator; the project's Node and tools come first. */
export function cleanEnvironment(): Variables {
  const kept = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || /^(AWS_|TIDEMARK_|CDK_|NODE_OPTIONS|npm_|VITEST|PYTHON)/.test(name) ? [] : [[name, value] as const],
  );
  return { ...Object.fromEntries(kept), PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` };
}
