import type { FileCheck, FileFinding } from '#core/file-finding.ts';

/** A fault at one time, and what is wrong there. */
export type Fault = { readonly timeMs: number; readonly message: string };

/** Of one check and file so many findings are listed each by itself; the last one stands for all the others. */
const MAX_LISTED = 1000;

/** Faults of one check as findings: neighbours on the grid are one. In ascending order of time, as they come. */
export function findingsOf(check: FileCheck, faults: Iterable<Fault>, stepMs: number): readonly FileFinding[] {
  const findings: FileFinding[] = [];
  for (const { timeMs, message } of faults) {
    const last = findings.at(-1);
    const isNext = last !== undefined && (timeMs - (last.toMs ?? 0) === stepMs || findings.length > MAX_LISTED);
    if (isNext) findings[findings.length - 1] = { ...last, toMs: timeMs, count: last.count + 1 };
    else findings.push({ check, fromMs: timeMs, toMs: timeMs, count: 1, message });
  }
  return findings;
}

/** Distance from each start to the next when it is the same between at least four of them, else null: a pager that loses a row a page. */
export function regularDistance(starts: readonly number[]): number | null {
  const distance = (starts[1] ?? 0) - (starts[0] ?? 0);
  const isNext = (start: number, i: number): boolean => i === 0 || start - (starts[i - 1] ?? 0) === distance;
  const isRegular = starts.length >= 4 && starts.every(isNext);
  return isRegular ? distance : null;
}
