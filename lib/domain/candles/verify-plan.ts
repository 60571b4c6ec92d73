const HOUR_MS = 3_600_000;

/** A second reading is asked for within an hour of its age, and it is about a whole hour of candles. */
const READING_TAKES_MS = 2 * HOUR_MS;

/** An hour that was missed is looked at until it is so much older than it should be. */
const CATCH_UP_MS = 24 * HOUR_MS;

export type VerifyPlan = {
  readonly tickMs: number;
  /** Ages at which candles are read again; each is followed by a look at them. At least one. */
  readonly agesHours: readonly number[];
  /** When each hour (its beginning) was last looked at, UTC ms; hours without one never were. */
  readonly lookedAtMs: ReadonlyMap<number, number>;
  /** Hours with findings that are not settled. */
  readonly unsettled: ReadonlySet<number>;
};

/** The window of hours that a tick may have to look at. */
export function verifyWindow({ tickMs, agesHours }: Pick<VerifyPlan, 'tickMs' | 'agesHours'>): {
  readonly fromMs: number;
  readonly untilMs: number;
} {
  const newestMs = floorToHour(tickMs) - READING_TAKES_MS - Math.min(...agesHours) * HOUR_MS;
  const oldestMs = floorToHour(tickMs) - READING_TAKES_MS - Math.max(...agesHours) * HOUR_MS - CATCH_UP_MS;
  return { fromMs: oldestMs, untilMs: newestMs + HOUR_MS };
}

/** Hours with something open are looked at again once a day. */
const LOOK_AGAIN_MS = 24 * HOUR_MS;

/**
 * Hours whose candles were read again since somebody looked at them, newest first; then those with something open. What was missed is caught
 * up with.
 */
export function hoursToVerify(plan: VerifyPlan): readonly number[] {
  const { fromMs, untilMs } = verifyWindow(plan);
  const hours: number[] = [];
  for (let hourMs = untilMs - HOUR_MS; hourMs >= fromMs; hourMs -= HOUR_MS) {
    const lookedAtMs = plan.lookedAtMs.get(hourMs) ?? 0;
    const dueTimes = plan.agesHours.map((age) => hourMs + age * HOUR_MS + READING_TAKES_MS);
    if (dueTimes.some((dueMs) => dueMs <= plan.tickMs && lookedAtMs < dueMs)) hours.push(hourMs);
  }
  const again = [...plan.unsettled].filter((hourMs) => (plan.lookedAtMs.get(hourMs) ?? 0) <= plan.tickMs - LOOK_AGAIN_MS);
  return [...hours, ...again.filter((hourMs) => !hours.includes(hourMs)).toSorted((a, b) => b - a)];
}

function floorToHour(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
}
