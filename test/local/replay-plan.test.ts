import { describe, expect, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import type { StoreState } from '#local/data-folder.ts';
import { iso, parseTimeOption, planReplay, type ReplayRequest } from '#local/replay-plan.ts';

const MINUTE = 60_000;
const FROM = Date.UTC(2023, 2, 11);
const at = (minute: number): number => FROM + minute * MINUTE;
const REQUEST: ReplayRequest = {
  recording: '/recordings',
  replayFromMs: FROM,
  replayUntilMs: at(2880),
  fromMs: null,
  untilMs: null,
  state: null,
};
const stored = (from: number, tick: number): StoreState => ({
  kind: 'replay',
  recording: '/recordings',
  fromMs: at(from),
  tickMs: at(tick),
});

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  return 'it was not refused';
}

describe('a replay', () => {
  test.each<[string, Partial<ReplayRequest>, { first: number; last: number; from: number; isResumed: boolean }]>([
    ['of an empty folder runs the whole recording', {}, { first: 0, last: 2880, from: 0, isResumed: false }],
    ['begins at --from', { fromMs: at(207) }, { first: 207, last: 2880, from: 207, isResumed: false }],
    ['may begin before the recording’s own start', { fromMs: at(-60) }, { first: -60, last: 2880, from: -60, isResumed: false }],
    ['ends at --until', { untilMs: at(30) }, { first: 0, last: 30, from: 0, isResumed: false }],
    ['may be one tick', { fromMs: at(30), untilMs: at(30) }, { first: 30, last: 30, from: 30, isResumed: false }],
    ['may be the last tick', { fromMs: at(2880) }, { first: 2880, last: 2880, from: 2880, isResumed: false }],
    ['goes on after the last stored tick', { state: stored(0, 30) }, { first: 31, last: 2880, from: 0, isResumed: true }],
    [
      'goes on there also with the --from that it had',
      { state: stored(10, 30), fromMs: at(10) },
      { first: 31, last: 2880, from: 10, isResumed: true },
    ],
    [
      'leaves out time when --from is later',
      { state: stored(0, 30), fromMs: at(100) },
      { first: 100, last: 2880, from: 0, isResumed: true },
    ],
    ['that is over has nothing more to run', { state: stored(0, 2880) }, { first: 2881, last: 2880, from: 0, isResumed: true }],
    [
      'that is past --until has nothing to run',
      { state: stored(0, 30), untilMs: at(20) },
      { first: 31, last: 20, from: 0, isResumed: true },
    ],
    [
      'that is past --until has nothing to run, with its --from',
      { state: stored(0, 30), fromMs: FROM, untilMs: at(20) },
      { first: 31, last: 20, from: 0, isResumed: true },
    ],
  ])('%s', (_what, change, { first, last, from, isResumed }) => {
    expect(planReplay({ ...REQUEST, ...change })).toEqual({ firstTickMs: at(first), lastTickMs: at(last), fromMs: at(from), isResumed });
  });

  test.each<[string, Partial<ReplayRequest>, string]>([
    [
      'over live data',
      { state: { kind: 'live' } },
      'the data folder holds live data, expected an empty one or a replay; choose another folder with --data DIR, or remove its data with --fresh',
    ],
    [
      'of another recording',
      { state: { kind: 'replay', recording: '/other', fromMs: FROM, tickMs: FROM } },
      'the data folder holds a replay of "/other", expected "/recordings"; choose another folder with --data DIR, or remove its data with --fresh',
    ],
    [
      'from before the stored one',
      { state: stored(10, 30), fromMs: at(9) },
      '--from "2023-03-11T00:09:00Z" is before the start of the stored replay ("2023-03-11T00:10:00Z"), and candles cannot be added before it; add --fresh to begin anew',
    ],
    [
      'from after its end',
      { fromMs: at(2881) },
      '--from "2023-03-13T00:01:00Z" is after the end of the recording, expected at most "2023-03-13T00:00:00Z"; choose an earlier time',
    ],
    [
      'until after its end',
      { untilMs: at(2881) },
      '--until "2023-03-13T00:01:00Z" is after the end of the recording, expected at most "2023-03-13T00:00:00Z"; choose an earlier time',
    ],
    [
      'until before --from',
      { fromMs: at(10), untilMs: at(9) },
      '--until "2023-03-11T00:09:00Z" is before --from "2023-03-11T00:10:00Z", expected a later time; swap or correct them',
    ],
    [
      'until before its start',
      { untilMs: at(-1) },
      '--until "2023-03-10T23:59:00Z" is before the start "2023-03-11T00:00:00Z", expected a later time; give an earlier --from',
    ],
  ])('%s is refused', (_what, change, message) => {
    expect(refusal(() => planReplay({ ...REQUEST, ...change }))).toBe(message);
  });
});

describe('parseTimeOption', () => {
  test.each([
    ['2023-03-11T03:27Z', '2023-03-11T03:27:00Z'],
    ['2023-03-11T03:27:00Z', '2023-03-11T03:27:00Z'],
    ['2023-03-11T03:27:00.000Z', '2023-03-11T03:27:00Z'],
    ['2023-03-11T04:27:00+01:00', '2023-03-11T03:27:00Z'],
    ['2023-03-10T23:27-04:00', '2023-03-11T03:27:00Z'],
    ['2024-02-29T00:00Z', '2024-02-29T00:00:00Z'],
  ])('reads %j', (text, time) => {
    expect(iso(parseTimeOption('--from', text))).toBe(time);
  });

  test.each([
    '',
    'now',
    '2023-03-11',
    '2023-03-11T03:27',
    '2023-03-11T03:27:30Z',
    '2023-03-11 03:27Z',
    '2023-02-30T00:00Z',
    '2023-02-29T00:00Z',
    '2023-13-01T00:00Z',
    '2023-03-11T24:01Z',
    '1999-01-01T00:00Z',
    '2200-01-01T00:00Z',
    '1678492800000',
    'T:00',
  ])('refuses %j and says what is one', (text) => {
    expect(refusal(() => parseTimeOption('--until', text))).toBe(
      `--until "${text}" is not a time, expected an ISO time on a whole minute with its zone, such as 2023-03-11T00:00:00Z; correct it`,
    );
  });
});
