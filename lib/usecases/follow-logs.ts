import type { Clock } from '#core/ports/clock.ts';
import type { LogEntry, LogReader } from '#core/ports/log-reader.ts';
import type { LineFilter, ServiceLine } from '#core/service-line.ts';
import { isWanted, parseServiceLine } from '#domain/log-line.ts';

export type FollowLogsInput = {
  readonly services: readonly string[];
  /** UTC ms. */
  readonly fromMs: number;
  readonly filter: LineFilter;
  /** Goes on until the signal aborts; else what is there now is all. */
  readonly isFollowing: boolean;
  readonly signal: AbortSignal;
};

export type FollowLogsReport = {
  /** Services that have no log. */
  readonly missing: readonly string[];
  readonly lines: number;
};

const PAUSE_MS = 2000;
/** A line can be taken in so long after newer ones of other streams. */
const LATE_MS = 30_000;

/**
 * Hands over the wanted lines of the services, each once, in order of time within what one look found. Rejects with `SinkError` when the
 * log cannot be read.
 */
export async function followLogs(
  { logs, clock }: { readonly logs: LogReader; readonly clock: Clock },
  { services, fromMs, filter, isFollowing, signal }: FollowLogsInput,
  onLine: (line: ServiceLine) => void,
): Promise<FollowLogsReport> {
  const seen = createSeen();
  let missing: readonly string[];
  let sinceMs = fromMs;
  let count = 0;
  for (;;) {
    const fromHereMs = sinceMs;
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    const found = await Promise.all(services.map(async (service) => ({ service, entries: await logs.read(service, fromHereMs) })));
    missing = found.filter(({ entries }) => entries === null).map(({ service }) => service);
    const lines = found
      .flatMap(({ service, entries }) => (entries ?? []).filter((entry) => seen.add(service, entry)).map((entry) => ({ service, entry })))
      .flatMap(({ service, entry }) => parseServiceLine(entry.text, service, entry.atMs) ?? [])
      .filter((line) => isWanted(line, filter));
    for (const line of lines.sort((a, b) => a.timeMs - b.timeMs)) onLine(line);
    count += lines.length;
    if (!isFollowing || signal.aborted) break;
    sinceMs = Math.max(fromMs, seen.newestMs() - LATE_MS);
    seen.forgetBefore(sinceMs);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await clock.sleepUntil(clock.nowMs() + PAUSE_MS, signal);
    if (signal.aborted) break;
  }
  return { missing, lines: count };
}

/** Entries that were handed over, as far back as they are asked for again. */
function createSeen() {
  let known = new Map<string, number>();
  return {
    /** Whether it is new. */
    add(service: string, { id, atMs }: LogEntry): boolean {
      const key = `${service} ${id}`;
      const isNew = !known.has(key);
      known.set(key, atMs);
      return isNew;
    },
    newestMs: () => Math.max(0, ...known.values()),
    forgetBefore(timeMs: number): void {
      known = new Map([...known].filter(([, atMs]) => atMs >= timeMs));
    },
  };
}
