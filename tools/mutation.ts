import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { ConfigError } from '#core/errors.ts';
import {
  LEAST_SCORE,
  mutantsOf,
  percentText,
  scoreOf,
  totalOf,
  type MutationScore,
  type PackageScore,
} from './reliability/mutation-score.ts';
import { packagesOf, parseStrykerReport, reportWithin, survivorLines } from './reliability/stryker-report.ts';

// `npm run mutation`: what the tests do not notice of small changes in lib/core and lib/domain. Run by hand: a first run takes most of an hour,
// later ones try only what has changed. It rewrites docs/mutation.json, which RELIABILITY.md shows. Its packages are installed when it first runs (docs/decisions/0026).

const ROOT = join(import.meta.dirname, '..');
const PACKAGES = join(import.meta.dirname, 'mutation');
const STRYKER = join(PACKAGES, 'node_modules/@stryker-mutator/core/bin/stryker.js');
const REPORT = '.mutation/report.json';
const SCORE = 'docs/mutation.json';
const CORE_PACKAGE = /^lib\/(?:core|domain)(?:\/[\w./-]+)?$/;

function main(argv: readonly string[]): number {
  const program = new Command('mutation')
    .description(
      `Change lib/core and lib/domain in small ways, one at a time, and count what the tests notice. Ends with 1 when a package is below ${LEAST_SCORE} %, 2 on bad use.`,
    )
    .exitOverride()
    .allowExcessArguments(false)
    .option('--only <path>', `a folder or a file of lib/core or lib/domain; lists what was not noticed, and leaves ${SCORE} as it is`)
    .option('--machine <text>', `what ${SCORE} says of this machine`, `${availableParallelism()} cores`)
    .option('--concurrency <n>', 'mutants that are tried at once', '1');
  program.parse([...argv]);
  const { only, machine, concurrency } = program.opts<{ only?: string; machine: string; concurrency: string }>();
  if (only !== undefined && !(CORE_PACKAGE.test(only) && existsSync(join(ROOT, only))))
    throw new ConfigError(`--only "${only}" is no folder or file of lib/core or lib/domain; give one, such as lib/domain/candles`);
  if (!/^[1-9]\d?$/.test(concurrency))
    throw new ConfigError(`--concurrency "${concurrency}" is no number from 1 to 99; give one, such as 2`);
  const commit = only === undefined ? committed() : '';
  install();
  rmSync(join(ROOT, REPORT), { force: true });
  run(only, concurrency);
  const whole = parseStrykerReport(REPORT, readFileSync(join(ROOT, REPORT), 'utf8'));
  const report = only === undefined ? whole : reportWithin(whole, only);
  const packages = packagesOf(report);
  for (const line of only === undefined ? [] : survivorLines(report)) console.log(line);
  for (const one of [...packages, totalOf(packages)]) console.log(lineOf(one));
  if (only === undefined) {
    const score: MutationScore = { date: new Date().toISOString().slice(0, 10), commit, node: process.version.slice(1), machine, packages };
    writeFileSync(join(ROOT, SCORE), `${JSON.stringify(score, null, 2)}\n`);
  }
  return packages.every((one) => scoreOf(one) >= LEAST_SCORE) ? 0 : 1;
}

/** The commit that is measured: code and tests must be as it has them. */
function committed(): string {
  const git = (...args: readonly string[]): string => execFileSync('git', [...args], { cwd: ROOT, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'lib', 'test', 'tools/mutation');
  if (changed !== '')
    throw new ConfigError(`a score is of a commit, and these files are not as committed; commit them, or use --only:\n${changed}`);
  return git('rev-parse', '--short', 'HEAD');
}

function install(): void {
  if (existsSync(STRYKER)) return;
  const { status } = spawnSync('npm', ['ci'], { cwd: PACKAGES, stdio: 'inherit' });
  if (status !== 0) throw new ConfigError(`npm ci in tools/mutation ended with ${status}, expected 0; see its lines above`);
}

function run(only: string | undefined, concurrency: string): void {
  const mutate = only === undefined ? [] : ['--mutate', only.endsWith('.ts') ? only : `${only}/**/*.ts`];
  const args = [STRYKER, 'run', 'tools/mutation/stryker.config.json', '--concurrency', concurrency, ...mutate];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new ConfigError(`stryker ended with ${status}, expected 0; see its lines above`);
}

function lineOf(one: PackageScore): string {
  const { name, killed, timedOut, survived, uncovered } = one;
  const counts = `${killed} killed, ${timedOut} timed out, ${survived} survived, ${uncovered} run by no test`;
  return `${percentText(one).padStart(7)}  ${name}: ${mutantsOf(one)} mutants, ${counts}`;
}

try {
  process.exitCode = main(process.argv);
} catch (error) {
  if (error instanceof ConfigError) for (const line of error.message.split('\n')) process.stderr.write(`mutation: ${line}\n`);
  else if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
}
