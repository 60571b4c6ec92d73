/** `error`: it will not work. `warning`: it may not, or not well. `unknown`: it could not be looked at from here. `good`: it was, and it works. */
type Severity = 'error' | 'warning' | 'unknown' | 'good';

/** One thing that was looked at. `cure` is what to do, empty for what is good. */
export type Finding = { readonly check: string; readonly severity: Severity; readonly fact: string; readonly cure: string };

const ORDER: readonly Severity[] = ['error', 'warning', 'unknown', 'good'];

export function good(check: string, fact: string): Finding {
  return { check, severity: 'good', fact, cure: '' };
}

/** Worst first; as they came within a severity. */
export function bySeverity(findings: readonly Finding[]): readonly Finding[] {
  return ORDER.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
}
