/**
 * Cuts the folders under `recordings/trades/` from a folder of collected market data: `node tools/cut-trade-recordings.ts <source folder>`.
 * Of captured WebSocket messages only those with trades are kept, each as it was; tables of trades are kept as they are. The same source
 * gives the same bytes. What is cut from where is in recordings/README.md.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { gunzipSync, gzipSync } from 'node:zlib';

type Cut = {
  readonly source: string;
  readonly target: string;
  readonly keeps: (line: string) => boolean;
  readonly change?: (line: string) => string;
};
type Folder = { readonly path: string; readonly manifest: readonly string[]; readonly cuts: readonly Cut[] };

const OUT = join(import.meta.dirname, '..', 'recordings', 'trades');
const isTradeOf = (channel: string) => (line: string) => line.includes('"t":"recv"') && line.includes(channel);

/** The source stored volumes as doubles; Kraken's have eight decimals. */
function volumeOfEightDecimals(line: string): string {
  const comma = line.lastIndexOf(',');
  const volume = Number(line.slice(comma + 1));
  return Number.isNaN(volume) ? line : `${line.slice(0, comma)},${volume.toFixed(8).replace(/\.?0+$/, '')}`;
}

const FOLDERS: readonly Folder[] = [
  {
    path: 'binance-2024-08-08',
    manifest: [
      'name: binance-trades-2024-08-08',
      'description: "Six minutes of trades of two markets at Binance, 8 August 2024, as they came over the WebSocket"',
      'replay:',
      '  from: 2024-08-08T23:54:00Z',
      '  until: 2024-08-09T00:01:00Z',
      'venues:',
      '  binance:',
      '    trades:',
      '      - { symbol: BTC/USDT, file: ws/binance_BTC-USDT.ndjson.gz }',
      '      - { symbol: ETH/USDT, file: ws/binance_ETH-USDT.ndjson.gz }',
    ],
    cuts: ['BTC', 'ETH'].map((base) => ({
      source: `ws/binance_spot_${base}USDT_2024-08-08.ndjson.gz`,
      target: `ws/binance_${base}-USDT.ndjson.gz`,
      keeps: isTradeOf('usdt@trade'),
    })),
  },
  {
    path: 'coinbase-2026-08-09',
    manifest: [
      'name: coinbase-trades-2026-08-09',
      'description: "Half a minute of trades of two markets at Coinbase, 9 August 2026, as they came over the WebSocket"',
      'replay:',
      '  from: 2026-08-09T21:05:00Z',
      '  until: 2026-08-09T21:07:00Z',
      'venues:',
      '  coinbase:',
      '    trades:',
      '      - { symbol: BTC/USD, file: ws/coinbase.ndjson.gz }',
      '      - { symbol: ETH/USD, file: ws/coinbase.ndjson.gz }',
    ],
    cuts: [
      { source: 'ws/coinbase_advanced_2026-08-09.ndjson.gz', target: 'ws/coinbase.ndjson.gz', keeps: isTradeOf('\\"market_trades\\",') },
    ],
  },
  {
    path: 'kraken-2023-11',
    manifest: [
      'name: kraken-trades-2023-11',
      'description: "Five days of trades of BTC/USDT at Kraken, November 2023; the WebSocket messages are built from a table of trades"',
      'replay:',
      '  from: 2023-11-17T00:00:00Z',
      '  until: 2023-11-22T08:42:00Z',
      'venues:',
      '  kraken:',
      '    series:',
      '      - { symbol: BTC/USDT, timeframes: [1m] }',
      '    trades:',
      '      - { symbol: BTC/USDT, file: trades/kraken_BTC-USDT.csv.gz }',
    ],
    cuts: [
      {
        source: 'trades/kraken-2023-11/kraken_BTC-USDT_trades_2023-11-17_2023-11-22.csv.gz',
        target: 'trades/kraken_BTC-USDT.csv.gz',
        keeps: () => true,
      },
      {
        source: 'trades/kraken-2023-11/kraken_BTC-USDT_1m_2023-11-17_2023-11-22.csv.gz',
        target: 'klines/kraken_BTC-USDT_1m.csv.gz',
        keeps: () => true,
        change: volumeOfEightDecimals,
      },
    ],
  },
];

const [, , source] = argv;
if (source === undefined) throw new Error('usage: node tools/cut-trade-recordings.ts <source folder>');
for (const { path, manifest, cuts } of FOLDERS) {
  const folder = join(OUT, path);
  for (const part of ['ws', 'trades', 'klines'])
    if (cuts.some(({ target }) => target.startsWith(`${part}/`))) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(
    join(folder, 'recording.yaml'),
    ['# Written by tools/cut-trade-recordings.ts. The format is described in docs/recordings.md.', ...manifest, ''].join('\n'),
  );
  for (const { source: from, target, keeps, change = (line: string) => line } of cuts) {
    const lines = gunzipSync(readFileSync(join(source, from)))
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '' && keeps(line))
      .map(change);
    writeFileSync(join(folder, target), gzipSync(`${lines.join('\n')}\n`, { level: 9 }));
    console.log(`${path}/${target}: ${lines.length} lines`);
  }
}
const files = readdirSync(OUT, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.gz') || file.endsWith('.yaml'))
  .sort();
const sums = files.map(
  (file) =>
    `${createHash('sha256')
      .update(readFileSync(join(OUT, file)))
      .digest('hex')}  ${file}`,
);
writeFileSync(join(OUT, 'SHA256SUMS'), `${sums.join('\n')}\n`);
