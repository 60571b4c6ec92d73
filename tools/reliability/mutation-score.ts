import * as z from 'zod/mini';
import { ConfigError } from '#core/errors.ts';
import { parseJsonObject } from '#std/json-object.ts';

/** What became of the mutants of one package: small changes of its code, one at a time, each held against the tests that run it. */
export type PackageScore = {
  /** A folder, such as `lib/domain/candles`. */
  readonly name: string;
  /** A test failed. */
  readonly killed: number;
  /** The tests did not come to an end. */
  readonly timedOut: number;
  /** All tests passed. */
  readonly survived: number;
  /** No test runs that code. */
  readonly uncovered: number;
};

/** docs/mutation.json: the last whole run of `npm run mutation`. */
export type MutationScore = {
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  readonly machine: string;
  readonly packages: readonly PackageScore[];
};

/** Percent of its mutants that the tests of a package must notice. */
export const LEAST_SCORE = 85;

const COUNT = z.int().check(z.nonnegative());
const TEXT = z.string().check(z.minLength(1));
const FILE = z.strictObject({
  date: z.iso.date(),
  commit: TEXT,
  node: TEXT,
  machine: TEXT,
  packages: z
    .array(z.strictObject({ name: TEXT, killed: COUNT, timedOut: COUNT, survived: COUNT, uncovered: COUNT }))
    .check(z.minLength(1)),
});

/** The score in a JSON text. Throws `ConfigError` when it is none; `source` names the text. */
export function parseScore(source: string, text: string): MutationScore {
  const parsed = FILE.safeParse(parseJsonObject(text));
  if (!parsed.success) throw new ConfigError(`${source} is no mutation score; restore it, or write it again with npm run mutation`);
  return parsed.data;
}

export function mutantsOf({ killed, timedOut, survived, uncovered }: Omit<PackageScore, 'name'>): number {
  return killed + timedOut + survived + uncovered;
}

/** Percent of the mutants that were noticed; 100 of none. A mutant that no test runs was not noticed. */
export function scoreOf(counts: Omit<PackageScore, 'name'>): number {
  const mutants = mutantsOf(counts);
  return mutants === 0 ? 100 : (100 * (counts.killed + counts.timedOut)) / mutants;
}

export function totalOf(packages: readonly PackageScore[]): PackageScore {
  const sum = (part: 'killed' | 'timedOut' | 'survived' | 'uncovered'): number => packages.reduce((all, one) => all + one[part], 0);
  return { name: 'all', killed: sum('killed'), timedOut: sum('timedOut'), survived: sum('survived'), uncovered: sum('uncovered') };
}

/** Rounded down, so that a score below the least one never looks like it. */
export function percentText(counts: Omit<PackageScore, 'name'>): string {
  return `${(Math.floor(scoreOf(counts) * 10) / 10).toFixed(1)} %`;
}

export const MUTATION_TITLE = '## Mutation score';

/** The chapter of RELIABILITY.md, with its heading. */
export function mutationChapter({ date, commit, node, machine, packages }: MutationScore): string {
  const rows = [...packages, totalOf(packages)].map(
    (one) => `| ${[one.name, mutantsOf(one), one.killed, one.timedOut, one.survived, one.uncovered, percentText(one)].join(' | ')} |`,
  );
  return `${MUTATION_TITLE}

How many small changes of the code the tests notice: a bound, a sign, a condition or a text is changed, one at a time, and the tests that run that place must fail. At
least ${LEAST_SCORE} % of each package is asked for. Run by hand with \`npm run mutation\`, not in CI; with Stryker, the tests of core and domain, and without what a
module computes once, when it is loaded ([0026](docs/decisions/0026-mutation-score.md)).
${date}, ${machine}, Node ${node}, commit ${commit}.

| package | mutants | killed | timed out | survived | run by no test | score |
|---|---|---|---|---|---|---|
${rows.join('\n')}
`;
}
