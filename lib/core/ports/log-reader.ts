/** One line of a service's log, as it was written. */
export type LogEntry = { readonly id: string; readonly atMs: number; readonly text: string };

/** What the services have written where they run. */
export interface LogReader {
  /**
   * Entries of a service from `fromMs` (UTC) on, oldest first within a page; null when the service has no log there. Rejects with `SinkError`.
   */
  read(service: string, fromMs: number): Promise<readonly LogEntry[] | null>;
  close(): void;
}
