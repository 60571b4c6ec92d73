import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadRecordingManifest } from '#config/recording.ts';
import type { Exchange } from '#core/exchange.ts';
import type { RecordingManifest } from '#core/recording.ts';

export const MINUTE = 60_000;

/** What the exchange has of one minute, and what must be stored of it, exactly. */
export type Truth = { readonly open: string; readonly high: string; readonly low: string; readonly close: string; readonly volume: string };

/** A market that trades in every minute, no two alike, with awkward digits. */
export function truthOf(openTimeMs: number): Truth {
  const n = Math.floor(openTimeMs / MINUTE) % 9973;
  return {
    open: `${20_000 + n}.5`,
    high: `${20_050 + n}.25`,
    low: `${19_950 + n}.75`,
    close: `${20_001 + n}`,
    volume: `${1 + (n % 97)}.00000${1 + (n % 9)}`,
  };
}

/** Writes a recording of one market and one venue over these minutes into the folder, and reads it back as the exchange will. */
export function madeVenue(directory: string, exchange: Exchange, fromMs: number, minutes: number): RecordingManifest {
  const dir = join(directory, exchange);
  const rows = Array.from({ length: minutes }, (_, index) => {
    const openTimeMs = fromMs + index * MINUTE;
    const { open, high, low, close, volume } = truthOf(openTimeMs);
    return `${openTimeMs},${open},${high},${low},${close},${volume}`;
  });
  mkdirSync(join(dir, 'klines'), { recursive: true });
  writeFileSync(join(dir, `klines/${exchange}_BTC-USD_1m.csv.gz`), gzipSync(['open_time,open,high,low,close,volume', ...rows].join('\n')));
  writeFileSync(
    join(dir, 'recording.yaml'),
    `name: made
description: a market that trades in every minute
replay: { from: ${iso(fromMs)}, until: ${iso(fromMs + minutes * MINUTE)} }
venues: { ${exchange}: { series: [{ symbol: BTC/USD, timeframes: [1m] }] } }
`,
  );
  return loadRecordingManifest(dir);
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
