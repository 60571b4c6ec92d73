import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { ConfigError } from '#core/errors.ts';
import { parseScore, type MutationScore } from './reliability/mutation-score.ts';
import { pageOf, summaryOf, withoutResults, type RunFacts } from './reliability/page.ts';
import { parsePromises } from './reliability/promises.ts';
import { rowsOf, shortcomings, type RowChapter } from './reliability/rows.ts';
import { latestOf, parseReport, type FileResult } from './reliability/test-reports.ts';

// `npm run -s reliability`: RELIABILITY.md from docs/promises.yaml, the JSON reports that the test runs of CI leave behind, and the last mutation
// score.

const PROMISES = 'docs/promises.yaml';
const MUTATION = 'docs/mutation.json';
const PAGE = 'RELIABILITY.md';
const REPORTS = '.ci-results';

function main(argv: readonly string[]): number {
  const program = new Command('reliability')
    .description(
      `Write ${PAGE}: what ${PROMISES} promises, the tests that prove it, and how they ended by the reports in ${REPORTS}/ (CI=true npm test writes them)`,
    )
    .exitOverride()
    .allowExcessArguments(false)
    .option('--root <folder>', 'the repository', '.')
    .option('--check', `write nothing; end with 1 when a named test did not run and pass, or ${PAGE} does not have these promises`);
  program.parse([...argv]);
  const { root, check = false } = program.opts<{ root: string; check?: boolean }>();
  const chapters = parsePromises(PROMISES, readText(root, PROMISES));
  const results = readReports(root);
  const rows = rowsOf(chapters, results);
  const facts = factsOf(root, results);
  const mutation = parseScore(MUTATION, readText(root, MUTATION));
  if (check) return checkPage(root, rows, facts, mutation);
  writeFileSync(join(root, PAGE), pageOf(rows, facts, mutation));
  console.log(summaryOf(rows, facts));
  return 0;
}

/** Names every test that does not prove what it is named for, and a page that is behind. */
function checkPage(root: string, rows: readonly RowChapter[], facts: RunFacts, mutation: MutationScore): number {
  const isStale = withoutResults(readText(root, PAGE)) !== withoutResults(pageOf(rows, facts, mutation));
  const problems = [
    ...shortcomings(rows),
    ...(isStale ? [`${PAGE} does not have the promises of ${PROMISES}; write it again with npm run -s reliability`] : []),
  ];
  for (const problem of problems) console.log(problem);
  console.log(summaryOf(rows, facts));
  return problems.length === 0 ? 0 : 1;
}

function readText(root: string, path: string): string {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new ConfigError(`${path} cannot be read (${code}); run this in the repository, and restore the file if it is gone`, { cause });
  }
}

function readReports(root: string): readonly FileResult[] {
  const names = globSync(`${REPORTS}/*.json`, { cwd: root }).sort();
  if (names.length === 0)
    throw new ConfigError(
      `${REPORTS}/ has no reports of test runs, expected at least one; make them with CI=true npm test, CI=true npm run test:services and CI=true npm run test:emulator, or all at once with .ci/run`,
    );
  return latestOf(names.flatMap((name) => parseReport(name, readText(root, name))));
}

function factsOf(root: string, results: readonly FileResult[]): RunFacts {
  const startedAtMs = Math.max(...results.map((file) => file.startedAtMs));
  return {
    date: Number.isFinite(startedAtMs) ? new Date(startedAtMs).toISOString().slice(0, 10) : 'no test ran',
    node: process.version.slice(1),
    commit: commitOf(root),
  };
}

function commitOf(root: string): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    // A copy without its history is no fault: the page says that nobody knows.
    return 'unknown';
  }
}

try {
  process.exitCode = main(process.argv);
} catch (error) {
  if (error instanceof ConfigError) for (const line of error.message.split('\n')) process.stderr.write(`reliability: ${line}\n`);
  else if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
}
