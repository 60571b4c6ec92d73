import { spawnSync } from 'node:child_process';
import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from '#core/errors.ts';
import { parseWholeNumber, refuseRepeatedOptions } from '#local/options.ts';
import { FAULTS, SITUATIONS } from './simulation/faults.ts';
import { failingSeedLine } from './simulation/failing-seeds.ts';
import { runSeeds, type SentOptions } from './simulation/run-seeds.ts';
import { addResult, closingLines, counted, createTotals, unseen, type Totals } from './simulation/totals.ts';
import { drawnWorkload } from './simulation/workload.ts';

// `npm run prove`: the real sync over three exchanges in virtual time, with every fault that the simulation knows, decided by a seed. The same
// seed is the same run on every machine: its hash says so.

const MOST_SEED = 999_999_999;

async function main(argv: readonly string[]): Promise<number> {
  const program = new Command('prove')
    .description('Break the platform by a seed, in virtual time, and count what is lost. Ends with 1 when anything is, 2 on bad use.')
    .exitOverride()
    .allowExcessArguments(false)
    .addOption(
      new Option('--seed <n>', 'decides everything that happens')
        .default(1)
        .argParser((text) => parseWholeNumber('--seed', text, 0, MOST_SEED)),
    )
    .addOption(
      new Option('--minutes <n>', 'go on with the next seeds for so many minutes').argParser((text) =>
        parseWholeNumber('--minutes', text, 1, 1440),
      ),
    );
  refuseRepeatedOptions(argv.slice(2));
  program.parse([...argv]);
  const { seed, minutes } = program.opts<{ seed: number; minutes?: number }>();
  return await prove(seed, minutes ?? null);
}

async function prove(firstSeed: number, minutes: number | null): Promise<number> {
  const startedAt = performance.now();
  const totals = createTotals();
  // Without --minutes one seed has nothing to share among threads.
  const threads = minutes === null ? 1 : undefined;
  await runSeeds(
    seedsFrom(firstSeed, startedAt + (minutes ?? 0) * 60_000),
    (result) => {
      addResult(totals, result);
      const { seed, violations, faultCount, traceHash } = result;
      if (minutes !== null || violations.length > 0) console.log(`seed ${seed}: ${counted(faultCount, 'fault')}, trace ${traceHash}`);
      for (const { invariant, what } of violations.slice(0, 10)) console.log(`seed ${seed} breaks "${invariant}": ${what}`);
    },
    threads,
  );
  return report(totals, firstSeed, minutes);
}

function* seedsFrom(firstSeed: number, endsAt: number): Generator<SentOptions> {
  for (let seed = firstSeed; seed === firstSeed || (performance.now() < endsAt && seed <= MOST_SEED); seed++) yield drawnWorkload(seed);
}

function report(totals: Totals, firstSeed: number, minutes: number | null): number {
  for (const kind of FAULTS) console.log(`${String(totals.byKind.get(kind) ?? 0).padStart(9)}  ${kind}`);
  console.log('of which came about:');
  for (const name of SITUATIONS) console.log(`${String(totals.situations.get(name) ?? 0).padStart(9)}  ${name}`);
  const missing = unseen(totals);
  if (missing.length > 0) console.log(`did not come about, so nothing is proved about it: ${missing.join(', ')}`);
  const today = new Date().toISOString().slice(0, 10);
  const broken = [...new Set(totals.broken.map(({ seed }) => seed))];
  if (broken.length > 0) console.log('for test/campaigns/failing-seeds.json, so that CI plays it from now on:');
  for (const seed of broken) console.log(failingSeedLine(seed, today, totals.broken.find((one) => one.seed === seed)?.invariant ?? ''));
  console.log(`from seed ${firstSeed} on, at commit ${commit()}:`);
  for (const line of closingLines(totals)) console.log(line);
  // One seed draws which faults it has; a campaign must have had all of them.
  return broken.length > 0 || (minutes !== null && missing.length > 0) ? 1 : 0;
}

/** Of the code that ran; a hash alone would lie about what is not committed. */
function commit(): string {
  const git = (...args: string[]): string => {
    const { status, stdout } = spawnSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' });
    return status === 0 ? stdout.trim() : '';
  };
  const head = git('rev-parse', '--short=12', 'HEAD');
  if (head === '') return 'unknown';
  const changed = git('status', '--porcelain', '--', '..');
  return changed === '' ? head : `${head} with changes`;
}

try {
  process.exitCode = await main(process.argv);
} catch (error) {
  if (error instanceof ConfigError) process.stderr.write(`prove: ${error.message}\n`);
  else if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
}
