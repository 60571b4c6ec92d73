import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

export type MadeTrades = { readonly symbol: string; readonly firstId: number };

/**
 * A recording of Kraken trades that happen now: the first at `fromMs`, one each `stepMs` of every market, for so many seconds. For those who
 * take their time from the machine.
 */
export function makeTradesOfNow(
  folder: string,
  markets: readonly MadeTrades[],
  { fromMs, stepMs, seconds }: { readonly fromMs: number; readonly stepMs: number; readonly seconds: number },
): void {
  mkdirSync(join(folder, 'trades'), { recursive: true });
  const minute = (timeMs: number): string => new Date(timeMs - (timeMs % 60_000)).toISOString().replace('.000Z', 'Z');
  const fileOf = (symbol: string): string => `trades/kraken_${symbol.replace('/', '-')}.csv.gz`;
  writeFileSync(
    join(folder, 'recording.yaml'),
    `name: made-now
description: Trades that happen now and never did
replay:
  from: ${minute(fromMs)}
  until: ${minute(fromMs + seconds * 1000 + 60_000)}
venues:
  kraken:
    trades:
${markets.map(({ symbol }) => `      - { symbol: ${symbol}, file: ${fileOf(symbol)} }\n`).join('')}`,
  );
  for (const { symbol, firstId } of markets) {
    const rows = Array.from({ length: (seconds * 1000) / stepMs }, (_, index) => {
      const side = index % 3 === 0 ? 'sell' : 'buy';
      return `${fromMs + index * stepMs},${firstId + index},${side},${(30_000 + (index % 17)) / 10},0.0${(index % 9) + 1}`;
    });
    writeFileSync(join(folder, fileOf(symbol)), gzipSync(`timestamp,trade_id,side,price,amount\n${rows.join('\n')}\n`));
  }
}
