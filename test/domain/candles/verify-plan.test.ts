import { expect, test } from 'vitest';
import { hoursToVerify, verifyWindow } from '#domain/candles/verify-plan.ts';

const HOUR = 3_600_000;
const TICK = Date.UTC(2026, 10, 22, 12, 7);
const NOON = Date.UTC(2026, 10, 22, 12);
const agesHours = [1, 24];
const unsettled: ReadonlySet<number> = new Set();

const looked = (...looks: readonly (readonly [hoursAgo: number, lookedHoursAgo: number])[]) =>
  new Map(looks.map(([hour, at]) => [NOON - hour * HOUR, NOON - at * HOUR]));

/** Everything that is due once was looked at as soon as it could be. */
function allLooked(): Map<number, number> {
  const hours = new Map<number, number>();
  for (let ago = 3; ago <= 60; ago++) hours.set(NOON - ago * HOUR, NOON - (ago >= 26 ? ago - 26 : ago - 3) * HOUR + 7 * 60_000);
  return hours;
}

test('an hour is due when its last candle has been read again: three hours after it began, and twenty-six', () => {
  const done = allLooked();
  expect(hoursToVerify({ tickMs: TICK, agesHours, lookedAtMs: done, unsettled })).toEqual([]);
  done.delete(NOON - 3 * HOUR);
  done.set(NOON - 26 * HOUR, NOON - 23 * HOUR);
  expect(hoursToVerify({ tickMs: TICK, agesHours, lookedAtMs: done, unsettled })).toEqual([NOON - 3 * HOUR, NOON - 26 * HOUR]);
});

test('an hour is due in the very moment in which its reading must have ended, and a look at that moment was in time', () => {
  const due = (tickMs: number, lookedAtMs: number) =>
    hoursToVerify({ tickMs, agesHours: [1], lookedAtMs: new Map([[NOON - 3 * HOUR, lookedAtMs]]), unsettled }).includes(NOON - 3 * HOUR);
  expect([due(NOON, 0), due(NOON, NOON - 1), due(NOON, NOON), due(NOON - 1, 0)]).toEqual([true, true, false, false]);
});

test('hours whose candles may not have been read again yet wait', () => {
  const hours = hoursToVerify({ tickMs: TICK, agesHours, lookedAtMs: new Map(), unsettled });
  expect(Math.max(...hours)).toBe(NOON - 3 * HOUR);
});

test('what a pause of ticks has left out is caught up with, newest first, for a day', () => {
  const hours = hoursToVerify({ tickMs: TICK, agesHours, lookedAtMs: new Map(), unsettled });
  expect(hours).toEqual(Array.from({ length: 48 }, (_, index) => NOON - (3 + index) * HOUR));
  expect(verifyWindow({ tickMs: TICK, agesHours })).toEqual({ fromMs: NOON - 50 * HOUR, untilMs: NOON - 2 * HOUR });
});

test('an hour that was looked at between its readings waits for the second', () => {
  const hours = hoursToVerify({ tickMs: TICK, agesHours, lookedAtMs: looked([10, 4]), unsettled });
  expect(hours).not.toContain(NOON - 10 * HOUR);
});

test('an hour with something open is looked at again once a day, behind those that are due', () => {
  const done = allLooked();
  const open = new Set([NOON - 40 * HOUR, NOON - 100 * HOUR, NOON - 5 * HOUR]);
  done.set(NOON - 40 * HOUR, NOON - 13 * HOUR);
  done.set(NOON - 100 * HOUR, NOON - 25 * HOUR);
  done.delete(NOON - 3 * HOUR);
  const plan = { tickMs: TICK, agesHours, lookedAtMs: done, unsettled: open };
  expect(hoursToVerify(plan)).toEqual([NOON - 3 * HOUR, NOON - 100 * HOUR]);
});

test('hours with something open come newest first, each once, also when they are due', () => {
  const done = allLooked();
  done.delete(NOON - 3 * HOUR);
  const dayAgo = TICK - 24 * HOUR;
  for (const ago of [90, 110, 100]) done.set(NOON - ago * HOUR, dayAgo);
  done.set(NOON - 120 * HOUR, dayAgo + 1);
  const open = new Set([90, 110, 120, 100, 3].map((ago) => NOON - ago * HOUR));
  expect(hoursToVerify({ tickMs: TICK, agesHours, lookedAtMs: done, unsettled: open })).toEqual(
    [3, 90, 100, 110].map((ago) => NOON - ago * HOUR),
  );
});
