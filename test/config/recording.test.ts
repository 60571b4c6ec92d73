import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRecordingManifest } from '#config/recording.ts';
import { ConfigError } from '#core/errors.ts';
import { folderOf, RECORDINGS } from '../recorded-exchange/replay.ts';

const GOOD = `
name: small
description: two days
replay: { from: 2023-03-11T00:00:00Z, until: 2023-03-13T00:00:00Z }
venues:
  kraken:
    series:
      - { symbol: BTC/USD, timeframes: [1m, 5m] }
      - { symbol: BTC/USDT, timeframes: [1h] }
    metadata: { markets: rest/pairs.json.gz, assets: rest/assets.json.gz, built: [BTC/USDT] }
  coinbase:
    series:
      - { symbol: BTC/USD, timeframes: [1m] }
outages:
  - { exchange: kraken, symbols: all, from: 2023-03-11T01:00:00Z, to: 2023-03-11T02:00:00Z }
  - { exchange: kraken, symbols: [BTC/USD], from: 2023-03-11T03:00:00Z, to: 2023-03-11T04:00:00Z }
`;

/** Message without the folder. */
function refusalOf(manifest: string): string {
  const dir = folderOf({ 'recording.yaml': manifest });
  try {
    loadRecordingManifest(dir);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message.replace(`${dir}/`, '');
  }
  throw new Error('the manifest was accepted');
}

describe('loadRecordingManifest', () => {
  it('reads series, metadata, outages and the replay', () => {
    const dir = folderOf({ 'recording.yaml': GOOD });
    expect(loadRecordingManifest(dir)).toEqual({
      dir,
      name: 'small',
      description: 'two days',
      series: [
        { exchange: 'coinbase', symbol: 'BTC/USD', timeframe: '1m' },
        { exchange: 'kraken', symbol: 'BTC/USD', timeframe: '1m' },
        { exchange: 'kraken', symbol: 'BTC/USD', timeframe: '5m' },
        { exchange: 'kraken', symbol: 'BTC/USDT', timeframe: '1h' },
      ],
      trades: [],
      metadata: {
        kraken: { markets: 'rest/pairs.json.gz', assets: 'rest/assets.json.gz', built: ['BTC/USDT'] },
        coinbase: { markets: null, assets: null, built: ['BTC/USD'] },
      },
      outages: [
        { exchange: 'kraken', symbols: 'all', fromMs: Date.parse('2023-03-11T01:00:00Z'), toMs: Date.parse('2023-03-11T02:00:00Z') },
        { exchange: 'kraken', symbols: ['BTC/USD'], fromMs: Date.parse('2023-03-11T03:00:00Z'), toMs: Date.parse('2023-03-11T04:00:00Z') },
      ],
      replayFromMs: Date.parse('2023-03-11T00:00:00Z'),
      replayUntilMs: Date.parse('2023-03-13T00:00:00Z'),
    });
  });

  it('reads the default recording with eleven markets in three timeframes', () => {
    const manifest = loadRecordingManifest(RECORDINGS);
    expect(manifest.series).toHaveLength(33);
    expect(new Set(manifest.series.map(({ exchange, symbol }) => `${exchange} ${symbol}`)).size).toBe(11);
    expect(new Date(manifest.replayFromMs).toISOString()).toBe('2023-03-11T00:00:00.000Z');
    expect(new Date(manifest.replayUntilMs).toISOString()).toBe('2023-03-13T00:00:00.000Z');
  });

  it.each([
    [
      'an unknown key',
      GOOD.replace('name: small', 'name: small\ncolour: red'),
      'recording.yaml: the document has the unknown key "colour" (value "red"), expected one of name, description, replay, venues, outages; use one of them, or remove it',
    ],
    ['an unknown exchange', GOOD.replace('  coinbase:', '  bitstamp:'), 'recording.yaml: venues has the unknown key "bitstamp"'],
    [
      'an unknown timeframe',
      GOOD.replace('[1h]', '[4h]'),
      'recording.yaml: venues.kraken.series[1].timeframes[0] is "4h", expected one of 1m, 5m, 1h; correct the value',
    ],
    [
      'a symbol without a slash',
      GOOD.replace('symbol: BTC/USDT', 'symbol: btcusdt'),
      'recording.yaml: venues.kraken.series[1].symbol is "btcusdt", expected a symbol such as BTC/USDT',
    ],
    [
      'a series that is listed twice',
      GOOD.replace('[1m, 5m]', '[1m, 1m]'),
      'recording.yaml: venues.kraken.series lists "kraken BTC/USD 1m" twice',
    ],
    [
      'a venue without series',
      GOOD.replace('- { symbol: BTC/USD, timeframes: [1m] }', '[]'),
      'recording.yaml: venues.coinbase.series has 0 entries, expected a list of 1 to 2000 series; correct the value',
    ],
    [
      'an outage that ends as it begins',
      GOOD.replace('to: 2023-03-11T02', 'to: 2023-03-11T01'),
      'recording.yaml: outages[0].to "2023-03-11T01:00:00Z" is not after from "2023-03-11T01:00:00Z"; set a later time',
    ],
    [
      'an outage of a venue that is not there',
      GOOD.replace('exchange: kraken, symbols: all', 'exchange: binance, symbols: all'),
      'recording.yaml: outages[0].exchange "binance" has no series here',
    ],
    [
      'an outage of a market that is not there',
      GOOD.replace('symbols: [BTC/USD]', 'symbols: [ETH/USD]'),
      'recording.yaml: outages[1].symbols "ETH/USD" has no series at kraken',
    ],
    [
      'a day that does not exist',
      GOOD.replace('from: 2023-03-11T00', 'from: 2023-02-30T00'),
      'recording.yaml: replay.from is "2023-02-30T00:00:00Z", expected a UTC time on a whole minute such as 2023-03-11T00:00:00Z; correct the value',
    ],
    [
      'a time without a zone',
      GOOD.replace('from: 2023-03-11T00:00:00Z', 'from: 2023-03-11 00:00'),
      'recording.yaml: replay.from is "2023-03-11 00:00", expected a UTC time',
    ],
    [
      'a replay that ends before it begins',
      GOOD.replace('until: 2023-03-13', 'until: 2023-03-10'),
      'recording.yaml: replay.until "2023-03-10T00:00:00Z" is not after replay.from "2023-03-11T00:00:00Z"',
    ],
    [
      'a missing key',
      GOOD.replace('name: small\n', ''),
      'recording.yaml: name is missing, expected a text of 1 to 2000 characters that describes the recording; add it',
    ],
    [
      'a file outside the folder',
      GOOD.replace('rest/pairs.json.gz', 'rest/../../etc/x.json.gz'),
      'recording.yaml: venues.kraken.metadata.markets is "rest/../../etc/x.json.gz", expected a file in the folder rest/',
    ],
    [
      'assets of a venue that has none',
      GOOD.replace('timeframes: [1m] }', 'timeframes: [1m] }\n    metadata: { assets: rest/a.json.gz }'),
      'venues.coinbase.metadata.assets "rest/a.json.gz" is for kraken only',
    ],
    [
      'built metadata of a market without series',
      GOOD.replace('built: [BTC/USDT]', 'built: [ETH/USDT]'),
      'recording.yaml: venues.kraken.metadata.built "ETH/USDT" has no series in venues.kraken',
    ],
    [
      'text that is not YAML',
      'name: [small',
      'recording.yaml line 1: unexpected end of the stream within a flow collection; correct the YAML there',
    ],
    ['a repeated key', `${GOOD}\nname: again`, 'duplicated mapping key; remove one of the two'],
    ['an empty file', '', 'recording.yaml: expected a document, but the input is empty'],
    [
      'a list',
      '[1, 2]',
      'recording.yaml: the document is "[1,2]", expected a mapping with the keys name, description, replay, venues, outages; correct the value',
    ],
  ])('refuses %s in one line', (_what, manifest, message) => {
    const refusal = refusalOf(manifest);
    expect(refusal).toContain(message);
    expect(refusal).not.toContain('\n');
  });

  it('refuses a folder without a manifest', () => {
    const dir = folderOf({ 'other.txt': '' });
    expect(() => loadRecordingManifest(dir)).toThrow(
      `${join(dir, 'recording.yaml')} cannot be read (ENOENT), expected a readable YAML file; create it or correct the path`,
    );
  });

  it('refuses a manifest that cannot be read as a file', () => {
    const dir = folderOf({ 'other.txt': '' });
    mkdirSync(join(dir, 'recording.yaml'));
    expect(() => loadRecordingManifest(dir)).toThrow('recording.yaml is not a file; put a YAML file there');
  });

  it('refuses a manifest of more than 256 kB without parsing it', () => {
    expect(refusalOf(`# ${'x'.repeat(256 * 1024)}`)).toBe(
      'recording.yaml has 262146 bytes, expected at most 262144; is it the right file?',
    );
  });
});
