import { enabledMarkets } from '#config/enabled-markets.ts';
import type { Config } from '#config/load.ts';
import { loadFaultPlan } from '#config/fault-plan.ts';
import { loadRecordingManifest } from '#config/recording.ts';
import { ConfigError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { FaultMode } from '#core/fault-plan.ts';
import type { RecordingManifest } from '#core/recording.ts';
import type { Series } from '#core/series.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { createHostParts, type HostParts, type HostPartsOptions } from '#factories/host-parts.ts';
import { startRecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import type { Market } from '#usecases/markets-of-task.ts';
import type { StoreState } from './data-folder.ts';
import { configuredSeries } from './platform.ts';
import type { PlatformStatus } from './platform-status.ts';
import { iso, planReplay } from './replay-plan.ts';

/** Where the candles come from, and what follows from it: a recorded exchange in the recording's time, or the real ones in ours. */
export type MarketSource = {
  readonly facts: Pick<PlatformStatus, 'mode' | 'recording' | 'speed'>;
  readonly parts: HostParts;
  readonly series: readonly Series[];
  /** Markets whose live trades are collected. */
  readonly markets: readonly Market[];
  /** Origins of a recorded exchange's servers; empty for live data. */
  readonly restUrls: Readonly<Partial<Record<Exchange, string>>>;
  readonly webSocketUrls: Readonly<Partial<Record<Exchange, string>>>;
  /** Markets of a recording without trades: theirs are made up from its candles. */
  readonly isSynthetic: (exchange: Exchange, symbol: MarketSymbol) => boolean;
  readonly firstTickMs: number;
  /** Null goes on until stopped. */
  readonly lastTickMs: number | null;
  /** What the store holds once the tick is done. */
  readonly stateAt: (tickMs: number) => StoreState;
  /** How often each kind of fault of the plan was done so far. */
  readonly injected: () => Readonly<Partial<Record<FaultMode, number>>>;
  /** For people. */
  readonly title: string;
  readonly detail: string;
  close(): Promise<void>;
};

export type SourceOptions = {
  readonly fromMs: number | null;
  readonly untilMs: number | null;
  readonly speed: number | 'max';
  readonly recordingsDirectory: string;
  /** A plan of what the recorded exchange does wrong (docs/faults.md), or null. */
  readonly faultsFile: string | null;
  readonly log: Pick<HostPartsOptions, 'level' | 'write'>;
};

/** Starts the recorded exchange on free ports. Throws `ConfigError` for a bad recording or times that cannot be. */
export async function openReplay(
  { fromMs, untilMs, speed, recordingsDirectory, faultsFile, log }: SourceOptions,
  state: StoreState | null,
): Promise<MarketSource> {
  const recording = loadRecordingManifest(recordingsDirectory);
  const faultPlan = faultsFile === null ? null : loadFaultPlan(faultsFile);
  const { name, replayFromMs, replayUntilMs } = recording;
  const plan = planReplay({ recording: name, replayFromMs, replayUntilMs, fromMs, untilMs, state });
  const parts = createHostParts('tidemark', { ...log, replay: { startMs: plan.firstTickMs, speed, runsFree: false } });
  const exchange = await startRecordedExchange({
    recording,
    clock: parts.clock,
    ...(speed === 'max' ? {} : { timer: parts.timer }),
    ...(faultPlan === null ? {} : { faults: { plan: faultPlan, timer: parts.timer } }),
  });
  const pace = speed === 'max' ? 'as fast as this machine can' : `${speed} times real time`;
  return {
    facts: { mode: 'replay', recording: name, speed },
    parts,
    series: recording.series,
    ...liveOf(recording),
    restUrls: exchange.urls,
    webSocketUrls: exchange.webSocketUrls,
    firstTickMs: plan.firstTickMs,
    lastTickMs: plan.lastTickMs,
    stateAt: (tickMs) => ({ kind: 'replay', recording: name, fromMs: plan.fromMs, tickMs }),
    title: `${recording.description} (recorded market data)`,
    detail: `replay ${plan.isResumed ? 'goes on at' : 'from'} ${iso(plan.firstTickMs)} to ${iso(plan.lastTickMs)}, ${pace}`,
    injected: exchange.injected,
    close: () => exchange.close(),
  };
}

/** The exchanges of the configuration, from the current minute on. Throws `ConfigError` when the store holds a replay. */
export function openLive(config: Config, { untilMs, log }: Pick<SourceOptions, 'untilMs' | 'log'>, state: StoreState | null): MarketSource {
  if (state?.kind === 'replay') {
    throw new ConfigError(
      `the data folder holds a replay of "${state.recording}", expected live data or none; choose another folder with --data DIR, or remove its data with --fresh`,
    );
  }
  const parts = createHostParts('tidemark', log);
  if (untilMs !== null && untilMs < parts.clock.nowMs()) {
    throw new ConfigError(`--until "${iso(untilMs)}" is in the past, expected a later time than now for --live; correct it`);
  }
  const series = configuredSeries(config);
  return {
    facts: { mode: 'live', recording: null, speed: null },
    parts,
    series,
    markets: enabledMarkets(config),
    restUrls: {},
    webSocketUrls: {},
    isSynthetic: () => false,
    firstTickMs: Math.floor(parts.clock.nowMs() / 60_000) * 60_000,
    lastTickMs: untilMs,
    stateAt: () => ({ kind: 'live' }),
    title: 'live market data of the exchanges in config/exchanges.yaml',
    detail: `${series.length} series, a tick every minute`,
    injected: () => ({}),
    close: async () => {},
  };
}

/** What of a recording can be collected live: markets with trades, and those with minutes, from which trades are made up. */
export function liveOf({ series, trades }: RecordingManifest): Pick<MarketSource, 'markets' | 'isSynthetic'> {
  const recorded = new Set(trades.map(({ exchange, symbol }) => `${exchange} ${symbol}`));
  return {
    markets: marketsOf([...trades, ...series.filter(({ timeframe }) => timeframe === '1m')]),
    isSynthetic: (exchange, symbol) => !recorded.has(`${exchange} ${symbol}`),
  };
}

/** Each market once. */
function marketsOf(all: readonly Market[]): readonly Market[] {
  return [...new Map(all.map(({ exchange, symbol }) => [`${exchange} ${symbol}`, { exchange, symbol }])).values()];
}
