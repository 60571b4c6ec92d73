import type { Series } from '#core/series.ts';

const PLATFORM_PHASES = ['starting', 'backfilling', 'catching up', 'running', 'recording ended', 'stopping'] as const;

export type PlatformPhase = (typeof PLATFORM_PHASES)[number];

export type SeriesStatus = Series & {
  /** Open time of the newest stored candle; null while there is none. */
  readonly newestOpenTimeMs: number | null;
  /** How many candles of the series are known to be missing. */
  readonly missing: number;
};

/** What the running platform says of itself. All times UTC ms, in a replay of virtual time. */
export type PlatformStatus = {
  readonly mode: 'replay' | 'live';
  /** Name of the recording; null when live. */
  readonly recording: string | null;
  readonly nowMs: number;
  /** Virtual seconds per real second, or as fast as the machine can; null when live. */
  readonly speed: number | 'max' | null;
  /** The newest tick whose work is done; null before the first. */
  readonly tickMs: number | null;
  readonly phase: PlatformPhase;
  readonly series: readonly SeriesStatus[];
  /** Sentences for people, newest first; empty when all is well. */
  readonly problems: readonly string[];
};
