import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, textOf, trackedFiles } from './repository-files.ts';

const BINARY = /\.(gz|png|ico|zst)$/;
const tracked = trackedFiles().filter((path) => existsSync(join(ROOT, path)));
const texts = tracked
  .filter((path) => !BINARY.test(path) && path !== 'package-lock.json' && path !== 'LICENSE')
  .map((path) => ({ path, text: textOf(path) }));

/** Where the pattern stands, as `file:line`. */
function places(pattern: RegExp, among: (path: string) => boolean = () => true): readonly string[] {
  const lines = texts
    .filter(({ path }) => among(path))
    .flatMap(({ path, text }) => text.split('\n').map((line, index) => ({ line, place: `${path}:${index + 1}` })));
  return lines.filter(({ line }) => pattern.test(line)).map(({ place }) => place);
}

// The patterns below are written so that they do not find themselves.
describe('what is in the repository', () => {
  test('is looked at', () => {
    expect(texts.length).toBeGreaterThan(150);
    expect(places(/Tidemark/i).length).toBeGreaterThan(10);
  });

  test.each<[string, RegExp, readonly string[]]>([
    ['an AWS access key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/, ['AKIA', 'I'.repeat(16)]],
    ['an AWS secret key', /aws_secret_access_key\s*[=:]\s*\S/i, ['aws_secret', '_access_key = x']],
    ['a private key', /-{5}BEGIN [A-Z ]*PRIVATE KEY/, ['-----BEGIN RSA ', 'PRIVATE KEY-----']],
    ['a token of GitHub', /\b(?:gh[pousr]_\w{36}|github_pat_\w{22})/, ['ghp_', 'a'.repeat(36)]],
    ['a token of a registry', /\bnpm_[A-Za-z0-9]{36}\b|_authToken\s*=/, ['//host/:_auth', 'Token=x']],
    ['a token of Slack', /\bxox[abprs]-[\w-]{10,}/, ['xoxb-', '1234567890']],
    ['a web token', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\./, ['eyJhbGciOiJIUzI1NiJ9.', 'eyJzdWIiOiIxMjM0NTY3ODkwIn0.', 'x']],
    ['a password in an address', /:\/\/[^\s/:@'"`$]+:[^\s/@'"`$]{8,}@[a-z]/i, ['https://user', ':longenough', '@host']],
    [
      'a long secret in an assignment',
      /\b(?:password|secret|token|api_?key)\w*['"]?\s*[=:]\s*['"][A-Za-z0-9+/_-]{24,}['"]/i,
      ["password: '", 'a'.repeat(24), "'"],
    ],
  ])('has not %s', (_what, pattern, example) => {
    expect(example.join('')).toMatch(pattern);
    expect(places(pattern)).toEqual([]);
  });

  test('has no environment file but the example, and no value of a secret in that', () => {
    expect(tracked.filter((path) => /(^|\/)\.env/.test(path))).toEqual(['.env.example']);
    expect(
      textOf('.env.example')
        .split('\n')
        .filter((line) => /^[A-Z_]*(PASSWORD|SECRET|TOKEN|KEY)[A-Z_]*=./.test(line)),
    ).toEqual([]);
  });

  test('leaves nothing for later, and skips no test', () => {
    expect(places(/\b(?:TO(?:DO)|FIX(?:ME))\b/)).toEqual([]);
    expect(places(/\b(?:test|it|describe)\.(?:only|skip|todo)\b/, (path) => path.startsWith('test/'))).toEqual([]);
  });

  test('names no registry and no path of a machine', () => {
    expect(places(/registry[.]npm|npmjs[.]|pypi[.]|pythonhoste[d]|artifact[o]ry|crates[.]io|proxy[.]golang/i)).toEqual([]);
    expect(places(/(?:^|[\s'"`(])\/(?:work|home|Users|root)\/\w|\.\.\/shared\//)).toEqual([]);
  });

  test('reads the environment only where configuration is read and in hosts', () => {
    // A stub of the SDK stands where the SDK itself reads it.
    const mayRead = /^(?:lib\/config|lib\/infra\/stubs|bin|lambdas|fargate|local|tools|test)\/|^[a-z.]+\.config\.ts$|^\.ci\//;
    expect(places(/process\.env|import\.meta\.env/, (path) => /\.(?:ts|m?js|cjs)$/.test(path) && !mayRead.test(path))).toEqual([]);
  });

  test('reads clock and chance only through their ports', () => {
    const inside = (path: string): boolean => /^lib\/(?:core|domain|usecases|recorded-exchange|config|factories)\//.test(path);
    expect(places(/Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(|setTimeout\(|setInterval\(/, inside)).toEqual([]);
  });
});

describe('a relative link in a page', () => {
  const links = texts
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) =>
      Array.from(text.matchAll(/\]\(([^)\s]+)\)|<(?:img|a)[^>]+(?:src|href)="([^"]+)"/g), ([, link, html]) => ({
        path,
        link: link ?? html ?? '',
      })),
    )
    .filter(({ link }) => !/^[a-z]+:/i.test(link));

  test('is found', () => {
    expect(links.length).toBeGreaterThan(5);
  });

  test('leads to a file', () => {
    const dead = links.filter(({ path, link }) => !existsSync(join(ROOT, dirname(path), decodeURI(link.split('#')[0] ?? ''))));
    expect(dead).toEqual([]);
  });

  test('leads to a heading that is there', () => {
    const lost = links.filter(({ path, link }) => {
      const [file = '', anchor] = link.split('#');
      const target = join(dirname(path), file === '' ? path.slice(path.lastIndexOf('/') + 1) : file);
      return anchor !== undefined && target.endsWith('.md') && !headingsOf(textOf(target)).includes(anchor);
    });
    expect(lost).toEqual([]);
  });
});

/** Headings as their anchors: lower case, spaces as hyphens, other signs left out. */
function headingsOf(text: string): readonly string[] {
  return Array.from(text.matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
