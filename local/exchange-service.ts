import { loadFaultPlan } from '#config/fault-plan.ts';
import { loadRecordingManifest } from '#config/recording.ts';
import { createHostParts } from '#factories/host-parts.ts';
import { startRecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import { publishExchange } from './data-folder.ts';
import { iso } from './replay-plan.ts';
import { faultsText } from './run-platform.ts';
import { createStack } from './resource-stack.ts';
import type { ServiceContext, ServiceOptions } from './service-context.ts';
import { untilAborted } from './stop-signal.ts';

export type ExchangeServiceOptions = ServiceOptions & {
  readonly recordingsDirectory: string;
  /** A plan of what it does wrong (docs/faults.md), or null. */
  readonly faultsFile: string | null;
  readonly fromMs: number | null;
  readonly speed: number;
  /** The recording happens now, in real time: moved by whole hours, so that its start lies less than an hour back. */
  readonly isNow: boolean;
};

const HOUR_MS = 3_600_000;

/** Only the recorded exchange: the venues of a recording on 127.0.0.1, in the recording's time, until stopped. */
export async function runExchangeService(options: ExchangeServiceOptions, { output, signal, log }: ServiceContext): Promise<void> {
  const recording = loadRecordingManifest(options.recordingsDirectory);
  const plan = options.faultsFile === null ? null : loadFaultPlan(options.faultsFile);
  const fromMs = options.fromMs ?? recording.replayFromMs;
  const startedAtMs = Date.now();
  const shiftMs = options.isNow ? Math.floor((startedAtMs - fromMs) / HOUR_MS) * HOUR_MS : 0;
  const replay = options.isNow ? { startMs: startedAtMs, speed: 1 } : { startMs: fromMs, speed: options.speed };
  const host = { level: options.logLevel, write: log };
  const { clock, timer } = createHostParts('exchange', options.isNow ? host : { ...host, replay: { ...replay, runsFree: true } });
  const stack = createStack();
  try {
    const faults = plan === null ? {} : { faults: { plan, timer } };
    const exchange = await startRecordedExchange({ recording, clock, timer, shiftMs, ...faults });
    stack.add('the recorded exchange', () => exchange.close());
    const retract = publishExchange(options.dataDirectory, {
      recordings: options.recordingsDirectory,
      urls: exchange.urls,
      webSocketUrls: exchange.webSocketUrls,
      replay: { ...replay, startedAtMs },
    });
    stack.add('its notice', async () => retract());
    const pace = options.isNow
      ? `as if it happened now: ${iso(fromMs)} is ${iso(fromMs + shiftMs)}, until ${iso(recording.replayUntilMs + shiftMs)}`
      : `from ${iso(replay.startMs)}, ${replay.speed} times real time`;
    output.line(`recorded exchange "${recording.name}" ${pace}; Ctrl-C ends it`);
    for (const [venue, url] of Object.entries(exchange.urls)) output.line(`  ${venue.padEnd(10)} ${url}`);
    await untilAborted(signal);
    if (plan !== null) output.line(`faults injected: ${faultsText(exchange.injected())}`);
  } finally {
    await stack.close();
  }
}
