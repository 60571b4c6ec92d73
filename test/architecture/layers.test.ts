import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAYERS, ROOT, typeScriptFiles } from './repository-files.ts';

type Report = {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly to: string; readonly rule: { readonly name: string } }[];
  };
};

/** The binary, not its programming interface: what `npm run layers` runs. It ends with 1 when it finds something, which is no failure here. */
async function cruise(directory: string, folders: readonly string[]): Promise<Report> {
  const binary = join(ROOT, 'node_modules/.bin/depcruise');
  const args = [binary, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  return await new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: directory, maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr, { cause: error }));
      else resolve(JSON.parse(stdout) as Report);
    });
  });
}

describe('the tree', () => {
  test('keeps every rule of the layers, and all of it is looked at', async () => {
    const { modules, summary } = await cruise(ROOT, [...LAYERS, 'test', 'tools']);
    expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
    const seen = new Set(modules.map(({ source }) => source));
    expect(typeScriptFiles(...LAYERS).filter((path) => !seen.has(path))).toEqual([]);
    expect(seen.size).toBeGreaterThan(100);
  });
});

type Sin = {
  readonly what: string;
  readonly file: string;
  readonly imports: string;
  readonly rule: string;
  readonly also?: Readonly<Record<string, string>>;
};

const SINS: readonly Sin[] = [
  { what: 'core -> provider', file: 'lib/core/sin-provider.ts', imports: '#providers/memory/memory-cache.ts', rule: 'layer: lib/core' },
  { what: 'core -> std', file: 'lib/core/sin-std.ts', imports: '#std/pacer.ts', rule: 'layer: lib/core' },
  { what: 'core -> npm', file: 'lib/core/sin-npm.ts', imports: 'zod', rule: 'core, domain and use cases are vendor-free' },
  { what: 'domain -> npm', file: 'lib/domain/sin-npm.ts', imports: 'js-yaml', rule: 'core, domain and use cases are vendor-free' },
  { what: 'domain -> node', file: 'lib/domain/sin-node.ts', imports: 'node:fs', rule: 'core, domain and use cases are vendor-free' },
  { what: 'domain -> std', file: 'lib/domain/sin-std.ts', imports: '#std/pacer.ts', rule: 'layer: lib/domain' },
  {
    what: 'use case -> npm, by type only',
    file: 'lib/usecases/sin-type.ts',
    imports: 'type @clickhouse/client',
    rule: 'core, domain and use cases are vendor-free',
  },
  { what: 'use case -> factory', file: 'lib/usecases/sin-factory.ts', imports: '#factories/cache-client.ts', rule: 'layer: lib/usecases' },
  {
    what: 'use case -> provider',
    file: 'lib/usecases/sin-provider.ts',
    imports: '#providers/memory/memory-cache.ts',
    rule: 'layer: lib/usecases',
  },
  { what: 'std -> npm', file: 'lib/std/sin-npm.ts', imports: 'zod', rule: 'std knows only node' },
  { what: 'std -> core', file: 'lib/std/sin-core.ts', imports: '#core/candle.ts', rule: 'layer: lib/std' },
  {
    what: 'provider -> other provider',
    file: 'lib/providers/memory/sin-island.ts',
    imports: '../system/system-clock.ts',
    rule: 'providers are islands',
  },
  {
    what: 'provider -> factory',
    file: 'lib/providers/memory/sin-factory.ts',
    imports: '#factories/cache-client.ts',
    rule: 'layer: lib/providers',
  },
  {
    what: 'provider -> domain',
    file: 'lib/providers/memory/sin-domain.ts',
    imports: '#domain/candles/grid.ts',
    rule: 'layer: lib/providers',
  },
  {
    what: 'config -> provider',
    file: 'lib/config/sin-provider.ts',
    imports: '#providers/memory/memory-cache.ts',
    rule: 'layer: lib/config',
  },
  {
    what: 'recorded exchange -> domain',
    file: 'lib/recorded-exchange/sin-domain.ts',
    imports: '#domain/candles/grid.ts',
    rule: 'layer: lib/recorded-exchange',
  },
  { what: 'lambda -> local', file: 'lambdas/sync/sin-local.ts', imports: '#local/tick-loop.ts', rule: 'layer: lambdas' },
  { what: 'lambda -> lambda', file: 'lambdas/sync/sin-island.ts', imports: '../indicators/handler.ts', rule: 'lambdas are islands' },
  {
    what: 'lambda -> provider',
    file: 'lambdas/sync/sin-provider.ts',
    imports: '#providers/memory/memory-cache.ts',
    rule: 'layer: lambdas',
  },
  { what: 'local -> provider', file: 'local/sin-provider.ts', imports: '#providers/memory/memory-cache.ts', rule: 'layer: local' },
  { what: 'web -> provider', file: 'web/sin-provider.ts', imports: '#providers/memory/memory-cache.ts', rule: 'layer: web' },
  { what: 'bin -> use case', file: 'bin/sin-usecase.ts', imports: '#usecases/sync-candles.ts', rule: 'layer: bin' },
  {
    what: 'another provider -> ccxt',
    file: 'lib/providers/memory/sin-ccxt.ts',
    imports: '../../../node_modules/ccxt/js/src/kraken.js',
    rule: 'ccxt lives in its provider',
  },
  { what: 'run time -> dev dependency', file: 'local/sin-dev.ts', imports: 'fast-check', rule: 'runtime has no dev dependencies' },
  { what: 'a border crossed by path', file: 'lib/usecases/sin-path.ts', imports: '../core/candle.ts', rule: 'borders are crossed by name' },
  { what: 'core -> test', file: 'lib/core/sin-test.ts', imports: '../../test/std/hand-timer.ts', rule: 'nothing imports tests' },
  { what: 'a file that is not there', file: 'lib/core/sin-missing.ts', imports: './nowhere.ts', rule: 'everything imported exists' },
  {
    what: 'a cycle',
    file: 'lib/core/sin-cycle.ts',
    imports: './sin-cycle-back.ts',
    rule: 'no cycles',
    also: { 'lib/core/sin-cycle-back.ts': sourceOf('./sin-cycle.ts') },
  },
  { what: 'lambda -> CDK', file: 'lambdas/sync/sin-cdk.ts', imports: 'aws-cdk-lib', rule: 'runtime never reaches CDK' },
  {
    what: 'lambda -> CDK, through another file',
    file: 'lambdas/indicators/sin-far.ts',
    imports: './sin-far-there.ts',
    rule: 'runtime never reaches CDK',
    also: { 'lambdas/indicators/sin-far-there.ts': sourceOf('aws-cdk-lib') },
  },
  { what: 'command line -> CDK', file: 'bin/sin-cdk.ts', imports: 'aws-cdk-lib', rule: 'CDK lives in infra' },
  { what: 'infra -> provider', file: 'lib/infra/sin-provider.ts', imports: '#providers/memory/memory-cache.ts', rule: 'layer: lib/infra' },
  { what: 'provider -> CDK', file: 'lib/providers/memory/sin-cdk.ts', imports: 'aws-cdk-lib', rule: 'CDK lives in infra' },
];

function sourceOf(imports: string): string {
  const [, type = '', name = ''] = /^(type )?(.+)$/.exec(imports) ?? [];
  return `import ${type}* as used from '${name}';\nexport ${type === '' ? 'const it = used;' : 'type It = typeof used;'}\n`;
}

describe('every forbidden import', () => {
  let directory: string;
  let found: ReadonlyMap<string, ReadonlySet<string>>;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'layers-'));
    for (const path of [...LAYERS, 'test/std', 'package.json', '.dependency-cruiser.cjs'])
      cpSync(join(ROOT, path), join(directory, path), { recursive: true });
    linkPackages(join(directory, 'node_modules'));
    for (const { file, imports, also = {} } of SINS)
      for (const [path, text] of Object.entries({ [file]: sourceOf(imports), ...also })) writeFileSync(join(directory, path), text);
    const { summary } = await cruise(directory, LAYERS);
    const byFile = Map.groupBy(summary.violations, ({ from }) => from);
    found = new Map(Array.from(byFile, ([file, violations]) => [file, new Set(violations.map(({ rule }) => rule.name))]));
  }, 60_000);

  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  test.each(SINS)('is reported: $what', ({ file, rule, also = {} }) => {
    expect([file, ...Object.keys(also)].flatMap((path) => [...(found.get(path) ?? [])])).toContain(rule);
  });

  test('is reported in the files that have one, and in no others', () => {
    const guilty = new Set(SINS.flatMap(({ file, also = {} }) => [file, ...Object.keys(also)]));
    expect([...found.keys()].filter((file) => !guilty.has(file))).toEqual([]);
  });

  test('belongs to a file that was written', () => {
    expect(SINS.filter(({ file }) => !existsSync(join(directory, file)))).toEqual([]);
  });
});

/** The installed packages, and one that stands for the CDK as long as it is not installed. */
function linkPackages(modules: string): void {
  symlinkSync(join(ROOT, 'node_modules'), modules);
  if (existsSync(join(modules, 'aws-cdk-lib'))) return;
  rmSync(modules);
  mkdirSync(modules);
  for (const name of [
    '@aws-sdk',
    '@clickhouse',
    '@middy',
    '@smithy',
    '@types',
    'ccxt',
    'chdb',
    'commander',
    'fast-check',
    'ioredis',
    'js-yaml',
    'lightweight-charts',
    'vitest',
    'zod',
  ]) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  const cdk = join(modules, 'aws-cdk-lib/index.js');
  mkdirSync(dirname(cdk));
  writeFileSync(cdk, 'export const it = 1;\n');
  writeFileSync(join(dirname(cdk), 'package.json'), '{"name":"aws-cdk-lib","version":"0.0.0","type":"module","main":"index.js"}');
}
