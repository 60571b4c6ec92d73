import type { Chapter, Promised, Proof } from './promises.ts';
import { countOf, testsOf, type FileResult, type NamedTest } from './test-reports.ts';

type ProofResult = Proof & { readonly ran: readonly NamedTest[] };

/** `not run`: a test that it names is not in the reports, or was skipped. */
export type Standing = 'proven' | 'proven in part' | 'failed' | 'not run' | 'unproven';

export type Row = Omit<Promised, 'tests'> & { readonly tests: readonly ProofResult[]; readonly standing: Standing };

export type RowChapter = { readonly title: string; readonly rows: readonly Row[] };

/** The promises with what the tests said of them. */
export function rowsOf(chapters: readonly Chapter[], results: readonly FileResult[]): readonly RowChapter[] {
  return chapters.map(({ title, promises }) => ({ title, rows: promises.map((promised) => rowOf(promised, results)) }));
}

function rowOf(promised: Promised, results: readonly FileResult[]): Row {
  const tests = promised.tests.map((proof) => ({ ...proof, ran: testsOf(proof, results) }));
  return { ...promised, tests, standing: standingOf(promised, tests) };
}

function standingOf({ beyond, unproven }: Promised, tests: readonly ProofResult[]): Standing {
  if (unproven !== null) return 'unproven';
  if (tests.some(({ ran }) => countOf(ran, 'failed') > 0)) return 'failed';
  if (tests.some((proof) => !hasPassed(proof))) return 'not run';
  return beyond === null ? 'proven' : 'proven in part';
}

function hasPassed({ ran }: ProofResult): boolean {
  return ran.length > 0 && ran.every(({ outcome }) => outcome === 'passed');
}

/** One line for each named test that did not pass, with what to do. */
export function shortcomings(chapters: readonly RowChapter[]): readonly string[] {
  const rows = chapters.flatMap(({ rows: ofChapter }) => ofChapter);
  return rows.flatMap(({ number, tests }) =>
    tests.filter((proof) => !hasPassed(proof)).map((proof) => `promise ${number}: ${nameOf(proof)} ${shortcomingOf(proof.ran)}`),
  );
}

function nameOf({ file, name }: Proof): string {
  return name === null ? file : `${file} "${name}"`;
}

function shortcomingOf(ran: readonly NamedTest[]): string {
  const [failed, skipped] = [countOf(ran, 'failed'), countOf(ran, 'skipped')];
  if (failed > 0) return `failed in ${failed} of ${ran.length} tests; mend it`;
  if (skipped > 0) return `was skipped in ${skipped} of ${ran.length} tests, expected none; run them`;
  return 'is not in the reports, expected at least one test; run its suite with CI=true, or correct the name in docs/promises.yaml';
}
