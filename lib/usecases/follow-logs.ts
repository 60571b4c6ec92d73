import type { Clock } from '#core/ports/clock.ts';
import type { LogReader } from '#core/ports/log-reader.ts';
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
  let seen = new Map<string, number>();
  const missing = new Set<string>();
  let sinceMs = fromMs;
  let count = 0;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    const found = await Promise.all(services.map(async (service) => ({ service, entries: await logs.read(service, sinceMs) })));
    const lines: ServiceLine[] = [];
    for (const { service, entries } of found) {
      if (entries === null) missing.add(service);
      else missing.delete(service);
      for (const { id, atMs, text } of entries ?? []) {
        const key = `${service} ${id}`;
        if (seen.has(key)) continue;
        seen.set(key, atMs);
        const line = parseServiceLine(text, service, atMs);
        if (line !== null && isWanted(line, filter)) lines.push(line);
      }
    }
    for (const line of lines.sort((a, b) => a.timeMs - b.timeMs)) onLine(line);
    count += lines.length;
    if (!isFollowing || signal.aborted) break;
    sinceMs = Math.max(fromMs, ...[...seen.values()].map((atMs) => atMs - LATE_MS));
    const oldestMs = sinceMs;
    seen = new Map([...seen].filter(([, atMs]) => atMs >= oldestMs));
    // oxlint-disable-next-line no-await-in-loop -- as above
    await clock.sleepUntil(clock.nowMs() + PAUSE_MS, signal);
    if (signal.aborted) break;
  }
  return { missing: [...missing], lines: count };
}
