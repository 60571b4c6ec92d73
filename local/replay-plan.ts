import { ConfigError } from '#core/errors.ts';
import type { StoreState } from './data-folder.ts';
import { quoted } from './options.ts';

const MINUTE_MS = 60_000;

export type ReplayRequest = {
  /** Path and name of the recording, for messages and for telling recordings apart. */
  readonly recording: string;
  /** Where the recording starts and ends by default, UTC ms. */
  readonly replayFromMs: number;
  readonly replayUntilMs: number;
  readonly fromMs: number | null;
  readonly untilMs: number | null;
  readonly state: StoreState | null;
};

export type ReplayPlan = {
  /** First tick to run, UTC ms on the minute. */
  readonly firstTickMs: number;
  /** Last tick to run. */
  readonly lastTickMs: number;
  /** Start of the whole replay, earlier runs included. */
  readonly fromMs: number;
  readonly isResumed: boolean;
};

/**
 * From where to where a replay runs. Without `fromMs` an earlier replay of the same recording goes on after its last tick. Throws
 * `ConfigError` when the store holds something else, or times that cannot be.
 */
export function planReplay(request: ReplayRequest): ReplayPlan {
  const { recording, fromMs, state } = request;
  const lastTickMs = request.untilMs ?? request.replayUntilMs;
  if (state?.kind === 'live')
    throw new ConfigError(
      'the data folder holds live data, expected an empty one or a replay; choose another folder with --data DIR, or remove its data with --fresh',
    );
  if (state !== null && state.recording !== recording) {
    throw new ConfigError(
      `the data folder holds a replay of "${state.recording}", expected "${recording}"; choose another folder with --data DIR, or remove its data with --fresh`,
    );
  }
  if (state !== null && fromMs !== null && fromMs < state.fromMs) {
    throw new ConfigError(
      `--from "${iso(fromMs)}" is before the start of the stored replay ("${iso(state.fromMs)}"), and candles cannot be added before it; add --fresh to begin anew`,
    );
  }
  const resumeMs = state === null ? null : state.tickMs + MINUTE_MS;
  const firstTickMs = Math.max(fromMs ?? resumeMs ?? request.replayFromMs, resumeMs ?? 0);
  refuseTimes(request, firstTickMs, lastTickMs, state);
  return { firstTickMs, lastTickMs, fromMs: state?.fromMs ?? firstTickMs, isResumed: state !== null };
}

function refuseTimes(
  { replayUntilMs, fromMs, untilMs }: ReplayRequest,
  firstTickMs: number,
  lastTickMs: number,
  state: StoreState | null,
): void {
  if (fromMs !== null && fromMs > replayUntilMs) {
    throw new ConfigError(
      `--from "${iso(fromMs)}" is after the end of the recording, expected at most "${iso(replayUntilMs)}"; choose an earlier time`,
    );
  }
  if (untilMs !== null && untilMs > replayUntilMs) {
    throw new ConfigError(
      `--until "${iso(untilMs)}" is after the end of the recording, expected at most "${iso(replayUntilMs)}"; choose an earlier time`,
    );
  }
  const isBehind = untilMs !== null && lastTickMs < firstTickMs;
  if (isBehind && fromMs !== null && untilMs < fromMs) {
    throw new ConfigError(`--until "${iso(untilMs)}" is before --from "${iso(fromMs)}", expected a later time; swap or correct them`);
  }
  if (isBehind && state === null)
    throw new ConfigError(
      `--until "${iso(untilMs)}" is before the start "${iso(firstTickMs)}", expected a later time; give an earlier --from`,
    );
}

/** `2023-03-11T03:27:00Z`, or with seconds and zone offset; whole minutes only. Throws `ConfigError` naming the option. */
export function parseTimeOption(option: string, text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::00(?:\.0+)?)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const [, date = '', time = '', zone = ''] = match ?? [];
  // Without a match nothing is parsed: what Date.parse makes of a fragment such as "T:00" is a time.
  const timeMs = match === null ? Number.NaN : Date.parse(`${date}T${time}:00${zone}`);
  // 2023-02-30 parses as the 2nd of March: only a day that comes back unchanged exists.
  const exists = !Number.isNaN(timeMs) && new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);
  if (!exists || timeMs < Date.UTC(2009, 0, 1) || timeMs > Date.UTC(2100, 0, 1)) {
    throw new ConfigError(
      `${option} ${quoted(text)} is not a time, expected an ISO time on a whole minute with its zone, such as 2023-03-11T00:00:00Z; correct it`,
    );
  }
  return timeMs;
}

export function iso(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
