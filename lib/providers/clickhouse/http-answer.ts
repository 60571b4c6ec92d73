import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliCompress, createDeflate, createGzip, createZstdCompress, constants } from 'node:zlib';
import { httpStatusOf, type RequestError } from './http-errors.ts';
import type { LaneResult } from './http-lane.ts';

const CONTENT_TYPES: readonly (readonly [RegExp, string])[] = [
  [/^(json.*eachrow|jsonlines|ndjson)/i, 'application/x-ndjson; charset=UTF-8'],
  [/^json/i, 'application/json; charset=UTF-8'],
  [/^csv/i, 'text/csv; charset=UTF-8'],
  [/^(tabseparated|tsv)/i, 'text/tab-separated-values; charset=UTF-8'],
  [/^xml$/i, 'application/xml; charset=UTF-8'],
  [/^(native|rowbinary|arrow|parquet|orc|avro|protobuf|msgpack|capnproto|npy|bson)/i, 'application/octet-stream'],
];

function contentTypeOf(format: string): string {
  return CONTENT_TYPES.find(([pattern]) => pattern.test(format))?.[1] ?? 'text/plain; charset=UTF-8';
}

// Level 3 as the real server; between processes of one machine speed counts more than size.
const ENCODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGzip({ level: 3 }),
  deflate: () => createDeflate({ level: 3 }),
  zstd: () => createZstdCompress(),
  br: () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 3 } }),
};

/** The first encoding that both sides know, in our order. */
function encodingFor(request: IncomingMessage): string | null {
  const accepted = (request.headers['accept-encoding'] ?? '').toLowerCase();
  const names = new Set(
    accepted
      .split(',')
      .filter((entry) => !/;\s*q=0(\.0*)?\s*$/.test(entry))
      .map((entry) => entry.split(';')[0]?.trim()),
  );
  return Object.keys(ENCODERS).find((name) => names.has(name)) ?? null;
}

export type AnswerFacts = {
  readonly queryId: string;
  readonly format: string;
  readonly timezone: string;
  readonly wantsCompression: boolean;
};

export function sendResult(request: IncomingMessage, response: ServerResponse, { bytes, summary }: LaneResult, facts: AnswerFacts): void {
  response.setHeader('Content-Type', contentTypeOf(facts.format));
  response.setHeader('X-ClickHouse-Format', facts.format);
  response.setHeader('X-ClickHouse-Query-Id', facts.queryId);
  response.setHeader('X-ClickHouse-Timezone', facts.timezone);
  response.setHeader('X-ClickHouse-Summary', JSON.stringify(summary));
  const encoding = facts.wantsCompression ? encodingFor(request) : null;
  const encoder = encoding === null ? undefined : ENCODERS[encoding]?.();
  if (encoding === null || encoder === undefined) {
    response.setHeader('Content-Length', bytes.length);
    response.end(bytes);
    return;
  }
  response.setHeader('Content-Encoding', encoding);
  pipeline(Readable.from([bytes]), encoder, response, (error) => {
    // Nothing but the client's leaving can break this; the answer has no reader then.
    if (error) response.destroy();
  });
}

export function sendError(response: ServerResponse, error: RequestError, queryId: string | null, version: string): void {
  if (response.headersSent) {
    response.destroy(error);
    return;
  }
  response.statusCode = httpStatusOf(error);
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  response.setHeader('X-ClickHouse-Exception-Code', error.code);
  if (queryId !== null) response.setHeader('X-ClickHouse-Query-Id', queryId);
  const sentence = error.message.trim().replace(/\.$/, '');
  response.end(`Code: ${error.code}. DB::Exception: ${sentence}. (${error.type}) (version ${version})\n`);
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  response.end(text);
}
