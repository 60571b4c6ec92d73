import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StreamClient, StreamRecord } from '#core/ports/stream-client.ts';

export type StreamUnderTest = {
  readonly stream: StreamClient;
  /** What a reader of the stream gets of one partition key, oldest first. */
  readonly read: (partitionKey: string) => Promise<readonly Uint8Array[]>;
};

/** The promises of `StreamClient`, run by every provider. `make` is called once; each test uses partition keys of its own. */
export function streamClientContract(name: string, make: () => Promise<StreamUnderTest>): void {
  describe(`${name} keeps the promises of StreamClient`, () => {
    let stream: StreamClient;
    let read: (partitionKey: string) => Promise<readonly string[]>;
    beforeAll(async () => {
      const made = await make();
      stream = made.stream;
      read = async (partitionKey) => (await made.read(partitionKey)).map((data) => Buffer.from(data).toString('latin1'));
    });
    afterAll(async () => {
      await stream.close();
    });
    const record = (partitionKey: string, text: string): StreamRecord => ({ partitionKey, data: Buffer.from(text, 'latin1') });

    test('a record that was put is read as it was', async () => {
      const bytes = Array.from({ length: 256 }, (_, i) => String.fromCodePoint(i)).join('');
      await stream.putRecords([record('one', bytes)]);
      expect(await read('one')).toEqual([bytes]);
    });

    test('records of one key keep their order, within a call and over calls', async () => {
      const texts = Array.from({ length: 60 }, (_, i) => `trade ${i}`);
      for (let i = 0; i < texts.length; i += 20) await stream.putRecords(texts.slice(i, i + 20).map((text) => record('ordered', text)));
      expect(await read('ordered')).toEqual(texts);
    });

    test('records of several keys in one call go to their own', async () => {
      await stream.putRecords([record('kraken:BTC/USD', 'a'), record('kraken:ETH/USD', 'b'), record('kraken:BTC/USD', 'c')]);
      expect([await read('kraken:BTC/USD'), await read('kraken:ETH/USD')]).toEqual([['a', 'c'], ['b']]);
    });

    test('the same record twice is two records', async () => {
      await stream.putRecords([record('twice', 'same'), record('twice', 'same')]);
      expect(await read('twice')).toEqual(['same', 'same']);
    });

    test('putting nothing is fine', async () => {
      await expect(stream.putRecords([])).resolves.toBeUndefined();
    });

    test('a call of a thousand records is taken whole', async () => {
      const texts = Array.from({ length: 1000 }, (_, i) => String(i));
      await stream.putRecords(texts.map((text) => record('many', text)));
      expect(await read('many')).toEqual(texts);
    });

    test('a large record is taken', async () => {
      const text = 'x'.repeat(900_000);
      await stream.putRecords([record('large', text)]);
      expect(await read('large')).toEqual([text]);
    });

    test('what the caller does with its bytes afterwards does not reach the stream', async () => {
      const data = Buffer.from('before');
      await stream.putRecords([{ partitionKey: 'apart', data }]);
      data.write('after!');
      expect(await read('apart')).toEqual(['before']);
    });
  });
}
