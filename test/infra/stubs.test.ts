import { createRequire } from 'node:module';
import { globSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ROOT } from './synthesized.ts';

const require = createRequire(import.meta.url);
const { list } = require('#infra/stubs/redis-commands.cjs') as { readonly list: readonly string[] };
const known = Object.keys(JSON.parse(readFileSync(`${ROOT}/node_modules/@ioredis/commands/built/commands.json`, 'utf8')) as object);

function called(files: string, objects: RegExp): ReadonlySet<string> {
  const names = globSync(files, { cwd: ROOT }).flatMap((file) =>
    [...readFileSync(`${ROOT}/${file}`, 'utf8').matchAll(objects)].map(([, name]) => name ?? ''),
  );
  return new Set(names.filter((name) => known.includes(name)));
}

test('the Redis commands of a function are all that are sent, by us and by ioredis at a connection', () => {
  const ours = called('lib/providers/redis/*.ts', /\b(?:redis|pipeline)\.(\w+)\(/g);
  expect([...ours].sort()).toEqual(['eval', 'evalsha', 'exec', 'hgetall']);
  const atConnection = called('node_modules/ioredis/built/{Redis,redis/event_handler}.js', /\b(?:self|this)\.(\w+)\(/g);
  // It wraps `multi` in each client, whether it is ever called or not.
  expect([...list].sort()).toEqual([...new Set([...ours, ...atConnection, 'multi'])].sort());
});

test('credentials come from the environment, where a function has them, or are said to be missing', async () => {
  const { defaultProvider } = (await import(`${ROOT}/lib/infra/stubs/credentials.mjs`)) as {
    defaultProvider: () => () => Promise<unknown>;
  };
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS' + '_KEY', 'AWS_SESSION_TOKEN'];
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const name of names) vi.stubEnv(name, undefined);
  await expect(defaultProvider()()).rejects.toMatchObject({ name: 'CredentialsProviderError' });
  for (const name of names) vi.stubEnv(name, `the ${name.length}`);
  expect(await defaultProvider()()).toEqual({ accessKeyId: 'the 17', secretAccessKey: 'the 21', sessionToken: 'the 17' });
});
