import { join } from 'node:path';
import { LogLevel, OutputFormat, SourceMapMode, type BundlingOptions } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { BuildOptions } from 'esbuild';
import { PROJECT_ROOT } from './project-root.ts';

/** CommonJS packages inside an ES module ask for `require`. */
const REQUIRE_BANNER = "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/**
 * Packages that are imported only when something is used that no function uses: the embedded engine (half a gigabyte), ccxt's own HTTP
 * client (ours is given to it), its proxies and the messages of exchanges that we do not have. They stay out, as imports that nobody reaches.
 */
const LEFT_OUT = [
  'chdb',
  'undici',
  'http-proxy-agent',
  'https-proxy-agent',
  'socks-proxy-agent',
  '*/mexc/compiled.cjs',
  '*/dydx-v4-client/registry.js',
  '*/dydx-v4-client/cosmos/tx/v1beta1/tx.js',
  '*/dydx-v4-client/cosmos/tx/signing/v1beta1/signing.js',
];

const stub = (file: string): string => join(import.meta.dirname, 'stubs', file);

/** Parts of ccxt for exchanges that we do not have, and for orders. */
const STUBS: Readonly<Record<string, string>> = {
  'protobufjs/minimal': stub('protobuf.mjs'),
  'protobufjs/minimal.js': stub('protobuf.mjs'),
  '@scure/starknet': stub('signing.mjs'),
  '@noble/curves/secp256k1.js': stub('signing.mjs'),
  '@noble/curves/nist.js': stub('signing.mjs'),
  '@noble/curves/ed25519.js': stub('signing.mjs'),
};

/** What a function has no use for, and would load at each of its starts: 0016 has what each of them took. */
const FUNCTION_STUBS: Readonly<Record<string, string>> = {
  ...STUBS,
  ws: stub('nothing.cjs'),
  fflate: stub('nothing.cjs'),
  assert: stub('assert.cjs'),
  debug: stub('debug.cjs'),
  '@ioredis/commands': stub('redis-commands.cjs'),
  '@aws-sdk/credential-provider-node': stub('credentials.mjs'),
};

/**
 * How each function is made into one file. CommonJS, because Node then loads of its own modules only what is asked for: an ES module that
 * imports `node:http` brings `fetch` along. `config/` and `schema/` go beside it: handlers read them from their task root.
 */
export const FUNCTION_BUNDLING: BundlingOptions = {
  format: OutputFormat.CJS,
  logLevel: LogLevel.ERROR,
  target: 'node24',
  minify: true,
  // Errors name themselves, and stack traces have their names from the source map.
  keepNames: false,
  sourceMap: true,
  sourceMapMode: SourceMapMode.DEFAULT,
  sourcesContent: false,
  mainFields: ['module', 'main'],
  externalModules: LEFT_OUT,
  esbuildArgs: {
    ...Object.fromEntries(Object.entries(FUNCTION_STUBS).map(([name, file]) => [`--alias:${name}`, file])),
    // What is imported later is required later: the first real import() of a process starts a second loader.
    '--supported:dynamic-import': 'false',
  },
  commandHooks: {
    beforeBundling: () => [],
    beforeInstall: () => [],
    afterBundling: (inputDir, outputDir) => ['config', 'schema'].map((folder) => `cp -R "${inputDir}/${folder}" "${outputDir}/${folder}"`),
  },
};

/** An ES module of what is no function, with esbuild's own options. */
export function moduleBuild(entry: string, outputFile: string, banner = ''): BuildOptions {
  return {
    entryPoints: [join(PROJECT_ROOT, entry)],
    outfile: outputFile,
    absWorkingDir: PROJECT_ROOT,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
    keepNames: true,
    mainFields: ['module', 'main'],
    external: LEFT_OUT,
    alias: { ...STUBS },
    banner: { js: `${REQUIRE_BANNER}\n${banner}` },
    logLevel: 'error',
  };
}

export function collectorBuild(outputFile: string, configuration: Readonly<Record<string, string>>): BuildOptions {
  return moduleBuild('fargate/collector/main.ts', outputFile, configurationBanner(configuration));
}

/** One file can be copied into a container without anything to unpack it: so it brings its configuration along, and writes it down first. */
function configurationBanner(files: Readonly<Record<string, string>>): string {
  return [
    "import * as __fs from 'node:fs'; import * as __os from 'node:os'; import * as __path from 'node:path';",
    "{ const root = __path.join(__os.tmpdir(), 'tidemark'); __fs.mkdirSync(__path.join(root, 'config'), { recursive: true });",
    `for (const [name, text] of Object.entries(${JSON.stringify(files)})) __fs.writeFileSync(__path.join(root, 'config', name), text);`,
    'process.chdir(root); }',
  ].join('\n');
}
