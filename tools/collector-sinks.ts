import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decompressZstd } from '#std/zstd.ts';
import { createLatencyHistogram, type LatencyHistogram } from './latency-histogram.ts';

/** What Kinesis is for the collector, and the consumer behind it. */
export type StreamStub = {
  readonly url: string;
  /** From the exchange's sending to the arrival of the request that brings the trade. */
  readonly latency: LatencyHistogram;
  /** Trades that came, in how many records and requests, and how many of them were not the next of their market. */
  counts(): { readonly trades: number; readonly records: number; readonly requests: number; readonly outOfLine: number };
  close(): void;
};

type PutRecords = { readonly Records: readonly { readonly Data: string; readonly PartitionKey: string }[] };

const MAX_RECORD_BYTES = 1 << 24;
const ZSTD_MAGIC = 0x28;

/** Takes PutRecords over HTTP/1.1 on 127.0.0.1 and accepts all of it at once; looks at the trades afterwards. */
export async function startStreamStub(): Promise<StreamStub> {
  const latency = createLatencyHistogram();
  const count = { trades: 0, records: 0, requests: 0, outOfLine: 0 };
  const lastIds = new Map<string, number>();
  const consume = (text: string, arrivedAtMs: number): void => {
    // One pass over the text, because what is spent here is missing on the other core.
    for (const line of text.split('\n')) {
      if (!line.startsWith('{"exchange"')) continue;
      const market = between(line, '"exchange":"', '","id"');
      const id = Number(between(line, '"id":"', '"'));
      const lastId = lastIds.get(market);
      if (lastId !== undefined && id !== lastId + 1) count.outOfLine += 1;
      lastIds.set(market, id);
      count.trades += 1;
      latency.note(arrivedAtMs - Number(between(line, '"event_time":', ',')));
    }
  };
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const arrivedAtMs = Date.now();
    const { Records: records } = JSON.parse(Buffer.concat(chunks).toString()) as PutRecords;
    const results = records.map((_, index) => ({ SequenceNumber: String(count.records + index), ShardId: 'shardId-000000000000' }));
    response.setHeader('Content-Type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify({ FailedRecordCount: 0, Records: results }));
    count.requests += 1;
    count.records += records.length;
    for (const { Data: data } of records) consume(textOf(Buffer.from(data, 'base64')), arrivedAtMs);
  };
  const server = createServer((request, response) => {
    take(request, response).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    latency,
    counts: () => ({ ...count }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function textOf(data: Buffer): string {
  return data[0] === ZSTD_MAGIC ? Buffer.from(decompressZstd(data, MAX_RECORD_BYTES)).toString() : data.toString();
}

function between(line: string, before: string, after: string): string {
  const start = line.indexOf(before) + before.length;
  return line.slice(start, line.indexOf(after, start));
}
