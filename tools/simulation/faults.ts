/** What an answer of an exchange can be spoilt by; of each seed the dice decide which of them it has. */
export const PAGE_FAULTS = [
  'TIMEOUT',
  'UNREACHABLE',
  'RATE_LIMITED',
  'BAD_PAYLOAD',
  'empty page',
  'cut short',
  'rows lost',
  'rows refused',
  'newest rows late',
  'no time told',
] as const;

export type PageFault = (typeof PAGE_FAULTS)[number];

/** Everything that a simulation does to the platform, by the name under which it is counted: once, where the platform meets it. */
export const FAULTS = [
  ...PAGE_FAULTS,
  'list of markets fails',
  'tick in an outage of the network',
  'tick in an outage of the store',
  'outage of ours',
  'market taken off the list',
  'market refused by name',
  'stored candle vanishes from an answer',
  'store fails',
  'answer of the store lost',
  'killed before',
  'killed after',
  'process begins anew',
  'tick missed',
  'tick delivered twice at once',
  'tick repeated',
  'our clock is wrong',
] as const;

/**
 * What must have come about in a campaign for it to have proved anything: not that a fault was injected, but that the platform got into the
 * state that is hard to get out of.
 */
export const SITUATIONS = [
  'a first backfill met a fault',
  'a catch-up took more than one page',
  'a candle came after the watermark had passed it',
  'a correction came behind the watermark',
  'a refused row came as a candle later',
  'a vanished candle stayed stored',
  'two processes wrote one candle at one tick',
  'a slower process set a watermark back',
  'a write was lost and its repetition failed',
  'a series needed all its requests of a tick',
  'a market came back to the list',
  'gap: no_trades',
  'gap: exchange_outage',
  'gap: our_outage',
  'gap: not_listed',
  'gap: fetch_failed',
  'gap: unknown',
] as const;

export type Situation = (typeof SITUATIONS)[number];

/** Names of which a run has seen nothing: it has proved nothing about them. */
export function neverHappened(names: readonly string[], counts: ReadonlyMap<string, number>): readonly string[] {
  return names.filter((name) => (counts.get(name) ?? 0) === 0);
}
