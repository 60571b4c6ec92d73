import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePromises } from '../../tools/reliability/promises.ts';
import { ROOT } from '../architecture/repository-files.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-reliability-'));
  mkdirSync(join(root, 'docs'));
  for (const file of ['docs/promises.yaml', 'docs/mutation.json']) cpSync(join(ROOT, file), join(root, file));
});
afterEach(() => rmSync(root, { recursive: true }));

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

async function reliability(...args: readonly string[]): Promise<Ended> {
  const command = ['--disable-warning=ExperimentalWarning', join(ROOT, 'tools/reliability.ts'), '--root', root, ...args];
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, command, { cwd: ROOT }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

/** A report in which every test that is promised has ended so. */
function writeReport(status: string): void {
  const chapters = parsePromises('promises', readFileSync(join(root, 'docs/promises.yaml'), 'utf8'));
  const proofs = chapters.flatMap(({ promises }) => promises.flatMap(({ tests }) => tests));
  const testResults = [...Map.groupBy(proofs, ({ file }) => file)].map(([file, ofFile]) => ({
    name: join(root, file),
    status: 'passed',
    startTime: Date.UTC(2026, 10, 23),
    assertionResults: ofFile.map(({ name }) => ({ fullName: name ?? 'anything', status })),
  }));
  mkdirSync(join(root, '.ci-results'), { recursive: true });
  writeFileSync(join(root, '.ci-results/test.json'), JSON.stringify({ testResults }));
}

const page = (): string => readFileSync(join(root, 'RELIABILITY.md'), 'utf8');

describe('npm run reliability', () => {
  test('says what is missing and how to make it when no tests have run', async () => {
    const { code, stdout, stderr } = await reliability();
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^reliability: \.ci-results\/ has no reports of test runs, expected at least one; make them with CI=true npm test[^\n]*\n$/,
    );
  });

  test('writes a page that its own check then agrees with, until a promise is changed', async () => {
    writeReport('passed');
    const written = await reliability();
    expect(written).toMatchObject({ code: 0, stderr: '' });
    expect(written.stdout).toMatch(
      /^103 promised: [1-9]\d* proven and [1-9]\d* partly proven by [1-9]\d* tests, \d+ unproven, 0 failed, 0 not run\. 2026-11-23, Node [\d.]+, commit unknown\.\n$/,
    );
    expect(page()).toContain(written.stdout.trim());
    const before = page();
    expect(await reliability('--check')).toEqual({ code: 0, stdout: written.stdout, stderr: '' });
    expect(page()).toBe(before);

    const file = join(root, 'docs/promises.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('when: the power fails', 'when: lightning strikes'));
    const { code, stdout } = await reliability('--check');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^RELIABILITY\.md does not have the promises of docs\/promises\.yaml; write it again with npm run -s reliability\n/,
    );
  });

  test('its check fails with a line for each promised test that did not run or failed, though the page is written', async () => {
    writeReport('failed');
    expect((await reliability()).code).toBe(0);
    expect(page()).toMatch(/ 0 proven and 0 partly proven by 0 tests, \d+ unproven, \d+ failed, 0 not run\./);
    const failed = await reliability('--check');
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/^promise 1: test\/campaigns\/f1-rest-faults\.test\.ts failed in \d+ of \d+ tests; mend it\n/);

    writeFileSync(join(root, '.ci-results/test.json'), '{"testResults":[]}');
    const absent = await reliability('--check');
    expect(absent.code).toBe(1);
    expect(absent.stdout).toMatch(/^promise 1: test\/campaigns\/f1-rest-faults\.test\.ts is not in the reports/);
    expect(absent.stdout).toMatch(/ 0 failed, \d+ not run\. no test ran, /);
  });

  test.each([
    [['--chek'], /unknown option '--chek'/],
    [['more'], /too many arguments/],
  ])('ends with exit code 2 for %j', async (args, message) => {
    const { code, stderr } = await reliability(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('ends with exit code 2 where its files are not, and explains itself', async () => {
    rmSync(join(root, 'docs/promises.yaml'));
    expect(await reliability()).toMatchObject({ code: 2, stderr: expect.stringContaining('docs/promises.yaml cannot be read (ENOENT)') });
    const { code, stdout } = await reliability('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('--check');
  });
});
