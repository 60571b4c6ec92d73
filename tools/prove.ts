import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from '#core/errors.ts';
import { parseWholeNumber } from '#local/options.ts';
import { DEFAULTS, simulate, type SimulationResult } from './simulation/simulate.ts';
import { FAULTS, neverHappened } from './simulation/faults.ts';

// `npm run prove`: the real sync over three exchanges in virtual time, with every fault that the simulation knows, decided by a seed. The same
// seed is the same run on every machine: its hash says so.

const WORKLOAD = { ...DEFAULTS, faultyMinutes: 1440 } as const;

type Totals = {
  seeds: number;
  candles: number;
  faults: number;
  lost: number;
  duplicates: number;
  wrong: number;
  open: number;
  revisions: number;
};

async function main(argv: readonly string[]): Promise<number> {
  const program = new Command('prove')
    .description('Break the platform by a seed, in virtual time, and count what is lost')
    .exitOverride()
    .addOption(
      new Option('--seed <n>', 'decides everything that happens')
        .default(1)
        .argParser((text) => parseWholeNumber('--seed', text, 0, 999_999_999)),
    )
    .addOption(
      new Option('--minutes <n>', 'go on with the next seeds for so many minutes').argParser((text) =>
        parseWholeNumber('--minutes', text, 1, 1440),
      ),
    );
  program.parse([...argv]);
  const { seed, minutes } = program.opts<{ seed: number; minutes?: number }>();
  return await prove(seed, minutes ?? null);
}

async function prove(firstSeed: number, minutes: number | null): Promise<number> {
  const endsAt = performance.now() + (minutes ?? 0) * 60_000;
  const totals: Totals = { seeds: 0, candles: 0, faults: 0, lost: 0, duplicates: 0, wrong: 0, open: 0, revisions: 0 };
  const counts: Record<string, number> = {};
  const recoveries: number[] = [];
  let isBroken = false;
  for (let seed = firstSeed; seed === firstSeed || performance.now() < endsAt; seed++) {
    // oxlint-disable-next-line no-await-in-loop -- one run after the other: they are measured too
    const result = await simulate({ ...WORKLOAD, seed });
    add(totals, counts, result);
    recoveries.push(result.recoveryTicks);
    if (seed === firstSeed) console.log(`seed ${seed}: trace ${result.traceHash}`);
    for (const { invariant, what } of result.violations.slice(0, 10)) console.log(`seed ${seed} breaks "${invariant}": ${what}`);
    isBroken ||= result.violations.length > 0;
  }
  for (const kind of FAULTS) console.log(`${String(counts[kind] ?? 0).padStart(9)}  ${kind}`);
  const missing = neverHappened(counts);
  if (missing.length > 0) console.log(`never happened, so nothing is proved about it: ${missing.join(', ')}`);
  const slowest = Math.max(...recoveries);
  console.log(
    `${totals.seeds} seeds, ${totals.candles} candles, ${totals.revisions} corrections; when the faults end all is there at the ${slowest === 0 ? 'first' : `${slowest + 1}.`} tick`,
  );
  console.log(
    `${totals.faults} faults injected, ${totals.lost} candles lost, ${totals.duplicates} duplicates, ${totals.wrong} wrong, ${totals.open} open stored as closed`,
  );
  return isBroken || missing.length > 0 ? 1 : 0;
}

function add(totals: Totals, counts: Record<string, number>, result: SimulationResult): void {
  totals.seeds += 1;
  totals.candles += result.candles;
  totals.faults += result.faultCount;
  totals.lost += result.lost;
  totals.duplicates += result.duplicates;
  totals.wrong += result.wrong;
  totals.open += result.openAsClosed;
  totals.revisions += result.revisions;
  for (const [kind, count] of Object.entries(result.faults)) counts[kind] = (counts[kind] ?? 0) + count;
}

try {
  process.exitCode = await main(process.argv);
} catch (error) {
  if (error instanceof ConfigError) process.stderr.write(`prove: ${error.message}\n`);
  else if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
}
