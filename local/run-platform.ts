import type { ConsoleOutput } from './console-output.ts';
import type { MarketSource } from './market-source.ts';
import type { Platform } from './platform.ts';
import type { PlatformPhase } from './platform-status.ts';
import { iso } from './replay-plan.ts';
import { untilAborted } from './stop-signal.ts';
import { runTickLoop, type TickService } from './tick-loop.ts';

/** What the page and the console show while the platform runs. */
export type RunningPlatform = { phase: PlatformPhase; seriesDone: number };

export type RunOptions = {
  readonly source: MarketSource;
  readonly running: RunningPlatform;
  readonly platform: Platform;
  readonly output: ConsoleOutput;
  readonly signal: AbortSignal;
  /** After the last tick the page stays up until a signal. */
  readonly staysUp: boolean;
  readonly onTick: (tickMs: number) => void;
};

/** The JSON report of a run, and whether it was good. */
export type RunResult = { readonly report: Readonly<Record<string, unknown>>; readonly exitCode: 0 | 1 };

const MINUTE_MS = 60_000;
const PROGRESS_EVERY_MS = 200;

/** Backfills, catches up, then runs tick after tick until the last one or a signal. */
export async function runPlatform(options: RunOptions): Promise<RunResult> {
  const { source, running, platform, output, signal } = options;
  const { facts, parts, firstTickMs, lastTickMs } = source;
  const { totals } = platform;
  const startedAt = parts.timer.monotonicMs();
  const result = (exitCode: 0 | 1): RunResult => ({
    report: { ...totals.toJson({ ...facts, durationMs: parts.timer.monotonicMs() - startedAt }), ...injectedOf(source) },
    exitCode,
  });
  if (lastTickMs === null || firstTickMs <= lastTickMs) {
    await backfill(options);
    const unreachable = facts.mode === 'live' ? totals.unreachable() : null;
    if (unreachable !== null) {
      output.line(
        `No exchange can be reached: ${unreachable}. Check the network and start again; without one, run recorded data: npm start`,
      );
      return result(1);
    }
    await catchUp(options);
    running.phase = 'running';
    await runTicks(options, firstTickMs + MINUTE_MS, lastTickMs, [platform.sync, platform.indicators, platform.verify]);
  }
  output.line(`${signal.aborted ? 'stopped' : 'done'}: ${totals.summary()}`);
  const injected = injectedOf(source).faultsInjected;
  if (injected !== undefined) output.line(`  faults injected: ${faultsText(injected)}`);
  if (!signal.aborted && options.staysUp) {
    running.phase = 'recording ended';
    output.line('The recording has ended. The page stays up; Ctrl-C ends it, npm start -- --fresh begins anew.');
    await untilAborted(signal);
  }
  running.phase = 'stopping';
  return result(signal.aborted || totals.errors().length === 0 ? 0 : 1);
}

/** Nothing where nothing was injected, so that an ordinary report stays as it is. */
function injectedOf({ injected }: MarketSource): { readonly faultsInjected?: ReturnType<MarketSource['injected']> } {
  const faultsInjected = injected();
  return Object.keys(faultsInjected).length === 0 ? {} : { faultsInjected };
}

export function faultsText(injected: ReturnType<MarketSource['injected']>): string {
  const parts = Object.entries(injected).map(([mode, count]) => `${mode} ${count}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** The first tick fetches the history of every series. */
async function backfill(options: RunOptions): Promise<void> {
  const { source, running, platform, output } = options;
  const { firstTickMs, series } = source;
  running.phase = 'backfilling';
  const show = (): void => output.progress('series fetched', Math.min(running.seriesDone, series.length), series.length);
  const shown = setInterval(show, PROGRESS_EVERY_MS);
  try {
    await runTickLoop({ ...loopParts(options), services: [platform.sync], firstTickMs, lastTickMs: firstTickMs, onTick: () => {} });
  } finally {
    clearInterval(shown);
    show();
  }
}

/** All stored history gets its indicator values, also what an interrupted run has left without. */
async function catchUp(options: RunOptions): Promise<void> {
  const { source, running, platform, output } = options;
  running.phase = 'catching up';
  output.status('computing indicators of all stored candles');
  await runTicks(options, source.firstTickMs, source.firstTickMs, [platform.catchUp]);
  output.line(`ready: ${platform.totals.summary()}`);
}

async function runTicks(
  options: RunOptions,
  firstTickMs: number,
  lastTickMs: number | null,
  services: readonly TickService[],
): Promise<void> {
  const { totals } = options.platform;
  const told = new Set<string>();
  const onTick = (tickMs: number, failed: number): void => {
    totals.addTick(tickMs);
    if (failed > 0) totals.addError(`${failed} messages of a tick failed in the store; the log tells why, and the next tick repairs it`);
    options.onTick(tickMs);
    tellNew(options, told);
    options.output.status(`${iso(tickMs)}  ${totals.summary()}`);
  };
  await runTickLoop({ ...loopParts(options), services, firstTickMs, lastTickMs, onTick });
}

/** Each problem once, in plain words; the report counts how often. */
function tellNew({ platform, output }: RunOptions, told: Set<string>): void {
  for (const message of platform.totals.errors()) {
    if (!told.has(message)) output.line(`problem: ${message}`);
    told.add(message);
  }
}

function loopParts({ source, platform, signal }: RunOptions) {
  return { clock: source.parts.clock, exchanges: platform.exchanges, signal };
}
