import middy from '@middy/core';
import { StoreError } from '#core/errors.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { openFunctionHost } from '#factories/function-host.ts';
import { onceItSucceeds } from '#std/once-it-succeeds.ts';

export type MigrateDependencies = {
  readonly db: Pick<TimeSeriesDb, 'migrate'>;
  readonly clock: Clock;
  readonly logger: Logger;
};

export type MigrateReport = { readonly applied: readonly string[] };

export type MigrateHandler = (event: unknown) => Promise<MigrateReport>;

/** A new machine installs its server first. */
const PATIENCE_MS = 10 * 60_000;
const PAUSE_MS = 10_000;

/**
 * Brings the schema up to date, as a part of each deploy and before new code runs. Repeating it changes nothing. A store that is not there
 * yet is waited for; one that refuses ends the deploy.
 */
export function createMigrateHandler(open: () => Promise<MigrateDependencies>): MigrateHandler {
  const opened = onceItSucceeds(open);
  return middy<unknown, MigrateReport>().handler(async () => {
    const { db, clock, logger } = await opened();
    const untilMs = clock.nowMs() + PATIENCE_MS;
    for (;;) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
        const applied = await db.migrate();
        logger.info('migrated', { applied });
        return { applied };
      } catch (error) {
        if (!(error instanceof StoreError && error.retryable) || clock.nowMs() + PAUSE_MS > untilMs) throw error;
        logger.warn('the store is waited for', { error });
      }
      // oxlint-disable-next-line no-await-in-loop -- as above
      await clock.sleepUntil(clock.nowMs() + PAUSE_MS);
    }
  }) as unknown as MigrateHandler;
}

/** On Lambda: configuration and schema from the bundle, secrets and overrides from the environment. */
export const handler = createMigrateHandler(async () => {
  const { parts, db } = await openFunctionHost('migrate', process.env);
  return { db, clock: parts.clock, logger: parts.logger };
});
