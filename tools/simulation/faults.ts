/** Everything that a simulation does to the platform, by the name under which it is counted. */
export const FAULTS = [
  'TIMEOUT',
  'UNREACHABLE',
  'RATE_LIMITED',
  'BAD_PAYLOAD',
  'list of markets fails',
  'empty page',
  'cut short',
  'rows lost',
  'newest rows late',
  'no time told',
  'store fails',
  'answer of the store lost',
  'killed before',
  'killed after',
  'process begins anew',
  'tick missed',
  'tick missed in an outage of ours',
  'tick delivered twice at once',
  'tick repeated',
  'our clock is wrong',
] as const;

/** Faults that a run has not seen: it has proved nothing about them. */
export function neverHappened(counts: Readonly<Record<string, number>>): readonly string[] {
  return FAULTS.filter((kind) => (counts[kind] ?? 0) === 0);
}
