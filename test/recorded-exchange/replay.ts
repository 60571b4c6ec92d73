import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { loadRecordingManifest } from '#config/recording.ts';
import type { Exchange } from '#core/exchange.ts';
import type { FaultPlan } from '#core/fault-plan.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { startRecordedExchange, type RecordedExchange } from '#recorded-exchange/recorded-exchange.ts';

export const RECORDINGS = join(import.meta.dirname, '../../recordings');

export type Answer = { readonly status: number; readonly headers: Headers; readonly text: string; json<T>(): T };

export type Replay = RecordedExchange & {
  /** Moves the clock. */
  readonly at: (time: string) => void;
  readonly get: (exchange: Exchange, path: string) => Promise<Answer>;
};

/** Serves a recording folder at a time that only the test moves; ends with the test. */
export async function replay(dir: string, time: string, plan?: FaultPlan): Promise<Replay> {
  let nowMs = Date.parse(time);
  const clock = { nowMs: () => nowMs, sleepUntil: () => Promise.reject(new Error('a recorded exchange does not sleep')) };
  const exchange = await startRecordedExchange({
    recording: loadRecordingManifest(dir),
    clock,
    ...(plan === undefined ? {} : { faults: { plan, timer: createSystemTimer() } }),
  });
  onTestFinished(() => exchange.close());
  return {
    ...exchange,
    at(next) {
      nowMs = Date.parse(next);
    },
    async get(venue, path) {
      const response = await fetch(`${exchange.urls[venue]}${path}`);
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, json: <T>() => JSON.parse(text) as T };
    },
  };
}

/** Writes a folder into a temporary place that goes with the test; names that end in `.gz` are packed. Returns its path. */
export function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'recording-'));
  onTestFinished(() => {
    rmSync(dir, { recursive: true });
  });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), typeof content === 'string' && name.endsWith('.gz') ? gzipSync(content) : content);
  }
  return dir;
}

export const seconds = (time: string): number => Date.parse(time) / 1000;

export const HEADER = 'open_time,open,high,low,close,volume';

/** A folder with one market of one venue, one file a timeframe. */
export function smallFolder(exchange: Exchange, symbol: string, klines: Readonly<Record<string, string>>, extra = ''): string {
  const files = Object.entries(klines).map(([timeframe, text]) => [
    `klines/${exchange}_${symbol.replace('/', '-')}_${timeframe}.csv.gz`,
    text,
  ]);
  const manifest = [
    'name: small',
    'description: a small folder',
    'replay: { from: 2023-03-11T00:00:00Z, until: 2023-03-11T01:00:00Z }',
    'venues:',
    `  ${exchange}:`,
    '    series:',
    `      - { symbol: ${symbol}, timeframes: [${Object.keys(klines).join(', ')}] }`,
    extra,
  ];
  return folderOf({ 'recording.yaml': manifest.join('\n'), ...Object.fromEntries(files) });
}
