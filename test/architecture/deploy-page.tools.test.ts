import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, textOf } from './repository-files.ts';

// `sh` blocks are run by test:emulator, `bash` blocks are for AWS alone: what of them can be looked at without an account is.

const PAGE = textOf('docs/deploy.md');
const LINES = [...PAGE.matchAll(/```bash\n([^]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'));
const SCRIPTS = Object.keys((JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }).scripts);

function helpOf(args: readonly string[]): string {
  return execFileSync(process.execPath, [...args, '--help'], { cwd: ROOT, encoding: 'utf8', env: { ...process.env, COLUMNS: '200' } });
}

const optionsOf = (command: string): readonly string[] => command.match(/(?<= )--[a-z][a-z-]*/g) ?? [];

describe('the page about deploying', () => {
  test('says of its commands for AWS that they are for AWS alone', () => {
    expect(LINES.length).toBeGreaterThan(25);
    const emulator = PAGE.slice(PAGE.indexOf('\n## On an emulator'));
    expect(emulator).not.toContain('```bash');
    expect(PAGE.slice(0, PAGE.indexOf('\n## On an emulator'))).not.toContain('```sh\n');
    expect(PAGE).toMatch(/\*\*for AWS only, and was not run on an account by us\*\*/);
  });

  test('uses the tools that are named here', () => {
    expect(LINES.filter((line) => !/^(npx cdk|npm|git|aws|clickhouse-client) /.test(line))).toEqual([]);
  });

  const cdk = LINES.filter((line) => line.startsWith('npx cdk '));
  test.each([...new Set(cdk.map((line) => line.split(' ')[2] ?? ''))])('gives cdk %s options that it has', (command) => {
    const help = helpOf([join(ROOT, 'node_modules/aws-cdk/bin/cdk'), command]);
    for (const line of cdk.filter((one) => one.split(' ')[2] === command))
      for (const option of optionsOf(line)) expect({ line, has: help.includes(option) }).toEqual({ line, has: true });
  });

  const ours = LINES.filter((line) => /^npm run (-s )?(tidemark|logs) -- /.test(line)).map((line) =>
    line.replace('run logs --', 'run tidemark -- logs'),
  );
  test.each([...new Set(ours.map((line) => / -- (\w+)/.exec(line)?.[1] ?? ''))])('gives tidemark %s options that it has', (command) => {
    const help = helpOf(['--disable-warning=ExperimentalWarning', join(ROOT, 'bin/tidemark.js'), command]);
    for (const line of ours.filter((one) => one.includes(` -- ${command}`)))
      for (const option of optionsOf(line)) expect({ line, has: help.includes(option) }).toEqual({ line, has: true });
  });

  test('names scripts that there are', () => {
    const named = [...PAGE.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !SCRIPTS.includes(name))).toEqual([]);
  });

  test('is what the workflows do: no stored keys, every action pinned by its commit', () => {
    const folder = join(ROOT, '.github/workflows');
    const workflows = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    expect(workflows).toHaveLength(2);
    const uses = workflows.join('\n').match(/uses: .*/g) ?? [];
    expect(uses.length).toBeGreaterThanOrEqual(5);
    expect(uses.filter((line) => !/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
    expect(workflows.join('\n')).not.toMatch(/aws-access-key-id|secrets\./);
    expect(workflows.join('\n')).toContain('id-token: write');
  });
});
