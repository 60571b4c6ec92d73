import { describe, expect, test } from 'vitest';
import { jsonOf, textOf } from './repository-files.ts';

/** A tenth more than there were when this was set: whoever needs more says so here. */
const MOST_PACKAGES = 460;

const LICENSES = new Set([
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'Apache-2.0 AND MIT',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Python-2.0',
  'PSF-2.0',
  '(MIT OR GPL-3.0-or-later)',
  'Unlicense',
]);

/** Weak copyleft: fine for a tool that is not passed on. */
const LICENSES_OF_TOOLS = new Set(['MPL-2.0']);

/** Packages that bring an install script which does not run here, and that work without: prebuilt binaries, or a message. */
const SCRIPTS_NOT_RUN = ['@swc/core', 'bufferutil', 'ccxt', 'chdb', 'esbuild', 'leveldown'];

type Entry = {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly hasInstallScript?: boolean;
};
type Manifest = Readonly<Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Readonly<Record<string, string>>>> & {
  readonly allowScripts: Readonly<Record<string, unknown>>;
};

const lock = jsonOf<{ lockfileVersion: number; packages: Readonly<Record<string, Entry & Manifest>> }>('package-lock.json');
const manifest = jsonOf<Manifest>('package.json');
const entries = Object.entries(lock.packages).filter(([path]) => path !== '');
/** Binaries of other platforms that the registry did not serve when the lock was made (docs/decisions/0010): named, never installed here. */
const isUnread = ({ optional = false, integrity, os = [], cpu = [], libc = ['glibc'] }: Entry): boolean =>
  optional && integrity === undefined && !(os.includes('linux') && cpu.includes('x64') && libc.includes('glibc'));
const unread = entries.filter(([, entry]) => isUnread(entry));
const packages = entries.filter(([, entry]) => !isUnread(entry));
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
const offending = (isBad: (entry: Entry, name: string) => boolean): readonly string[] =>
  packages.flatMap(([path, entry]) => (isBad(entry, nameOf(path)) ? [`${nameOf(path)}@${entry.version}`] : []));

describe('the lock file', () => {
  test('is of the newest form and agrees with package.json', () => {
    expect(lock.lockfileVersion).toBe(3);
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'] as const)
      expect(lock.packages['']?.[kind]).toEqual(manifest[kind]);
  });

  test('has the SHA-512 of every package; what comes inside another is in the hash of that', () => {
    expect(packages.length).toBeGreaterThan(100);
    expect(offending(({ integrity, inBundle = false }) => !inBundle && !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''))).toEqual([]);
  });

  test('takes nothing from git, a file or an unsafe address, and all from one registry', () => {
    expect(offending(({ resolved, link }) => link === true || (resolved !== undefined && !resolved.startsWith('https://')))).toEqual([]);
    const hosts = new Set(packages.flatMap(([, { resolved }]) => (resolved === undefined ? [] : [new URL(resolved).host])));
    expect(hosts.size).toBeLessThanOrEqual(1);
  });

  test('leaves out what it could not read of other platforms only, and nothing that runs anywhere', () => {
    expect(unread.length).toBeLessThanOrEqual(62);
    expect(unread.filter(([, { os = [], cpu = [] }]) => os.length !== 1 || cpu.length !== 1)).toEqual([]);
  });

  test('has no more packages than agreed', () => {
    expect(packages.length).toBeLessThanOrEqual(MOST_PACKAGES);
  });

  test('has only licences that may be passed on, and weak copyleft only in tools', () => {
    expect(offending(({ license = 'none', dev = false }) => !LICENSES.has(license) && !(dev && LICENSES_OF_TOOLS.has(license)))).toEqual(
      [],
    );
  });
});

describe('install scripts', () => {
  test('do not run', () => {
    expect(textOf('.npmrc').split('\n')).toContain('ignore-scripts=true');
  });

  test('are brought only by packages that are known here or allowed in package.json', () => {
    const known = new Set([...SCRIPTS_NOT_RUN, ...Object.keys(manifest.allowScripts)]);
    expect(offending(({ hasInstallScript = false }, name) => hasInstallScript && !known.has(name))).toEqual([]);
  });

  test('are brought by every package that is named here', () => {
    const bringing = new Set(packages.flatMap(([path, { hasInstallScript = false }]) => (hasInstallScript ? [nameOf(path)] : [])));
    expect(SCRIPTS_NOT_RUN.filter((name) => !bringing.has(name))).toEqual([]);
  });
});

describe('package.json', () => {
  test('names exact versions', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    const ranges = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(ranges).toEqual([]);
  });

  test('lets npm take no version that is younger than a week, and none from git', () => {
    expect(textOf('.npmrc').split('\n')).toEqual(expect.arrayContaining(['min-release-age=7', 'allow-git=none', 'save-exact=true']));
  });
});
