import * as z from 'zod/mini';
import { ConfigError } from '#core/errors.ts';
import { parseJsonObject } from '#std/json-object.ts';
import type { Proof } from './promises.ts';

/** What a run of the tests says of one file. */
export type FileResult = {
  /** Absolute, on the machine that ran it. */
  readonly path: string;
  readonly startedAtMs: number;
  /** It failed without a failed test: it could not be run. */
  readonly isBroken: boolean;
  readonly tests: readonly { readonly name: string; readonly outcome: Outcome }[];
};

export type Outcome = 'passed' | 'failed' | 'skipped';

/** One test that a proof names; `id` tells it from all others. */
export type NamedTest = { readonly id: string; readonly outcome: Outcome };

// What vitest's JSON reporter writes, as far as it is read here.
const REPORT = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      startTime: z.number(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

/** The files of one JSON report of vitest. Throws `ConfigError` when it is none; `source` names it. */
export function parseReport(source: string, text: string): readonly FileResult[] {
  const parsed = REPORT.safeParse(parseJsonObject(text));
  if (!parsed.success) throw new ConfigError(`${source} is no JSON report of vitest; remove it, and run the suite again with CI=true`);
  return parsed.data.testResults.map(({ name, status, startTime, assertionResults }) => ({
    path: name,
    startedAtMs: startTime,
    isBroken: status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
    tests: assertionResults.map((test) => ({ name: test.fullName, outcome: outcomeOf(test.status) })),
  }));
}

/** Whatever did not pass or fail has proved nothing: skipped, pending, to be done. */
function outcomeOf(status: string): Outcome {
  return status === 'passed' || status === 'failed' ? status : 'skipped';
}

/** Each file once: of several runs the latest counts. */
export function latestOf(files: readonly FileResult[]): readonly FileResult[] {
  const latest = new Map<string, FileResult>();
  for (const file of files) {
    const before = latest.get(file.path);
    if (before === undefined || before.startedAtMs <= file.startedAtMs) latest.set(file.path, file);
  }
  return [...latest.values()];
}

/** The tests that a proof names; none when they never ran. A file that could not be run counts as one failed test. */
export function testsOf({ file, name }: Proof, results: readonly FileResult[]): readonly NamedTest[] {
  const found = results.find(({ path }) => path === file || path.replaceAll('\\', '/').endsWith(`/${file}`));
  if (found === undefined) return [];
  if (found.isBroken) return [{ id: file, outcome: 'failed' }];
  // Two tests of a file may have one name: their place tells them apart.
  const tests = found.tests.map((test, index) => ({ ...test, id: `${file} ${index}` }));
  return tests.filter((test) => name === null || test.name.includes(name)).map(({ id, outcome }) => ({ id, outcome }));
}

/** How many of the tests ended in this way, each counted once. */
export function countOf(tests: readonly NamedTest[], outcome: Outcome): number {
  return new Set(tests.filter((test) => test.outcome === outcome).map(({ id }) => id)).size;
}
