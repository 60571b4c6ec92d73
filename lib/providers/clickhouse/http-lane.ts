import { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import { RequestError, toRequestError } from './http-errors.ts';
import { quotedIdentifier, withParameters } from './http-parameters.ts';
import { guardReader, type Statement } from './statement-guard.ts';

type LaneJob = {
  readonly statement: Statement;
  readonly database: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly defaultFormat: string;
  readonly queryId: string;
  /** Rows of an INSERT. */
  readonly data: string | null;
  /** Asked when the turn comes: a client that is gone needs no answer. */
  readonly isWanted: () => boolean;
};

type ClickHouseSummary = NonNullable<Awaited<ReturnType<ClickHouseClient['command']>>['summary']>;

export type LaneResult = { readonly bytes: Buffer; readonly summary: Partial<ClickHouseSummary> };

export type Lane = {
  run(job: LaneJob): Promise<LaneResult | null>;
  /** Refuses what has not begun; what runs in the engine runs to its end. */
  close(): void;
};

const MAX_WAITING = 50;

/**
 * One connection of the engine takes one statement at a time, and each waiting one would hold a thread of Node's small pool: the rest of
 * the platform would stand still. So statements wait here, in order.
 */
export function createLane(client: ClickHouseClient, { isReader }: { readonly isReader: boolean }): Lane {
  let tail: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let isClosed = false;
  let currentDatabase: string | null = null;

  async function begin(job: LaneJob): Promise<LaneResult | null> {
    if (isClosed) throw new RequestError(210, 'NETWORK_ERROR', 'the store is being closed');
    if (!job.isWanted()) return null;
    if (currentDatabase !== job.database) await enterDatabase(job);
    return await runStatement(client, job, isReader);
  }

  async function enterDatabase({ database, statement }: LaneJob): Promise<void> {
    try {
      await client.command({ query: `USE ${quotedIdentifier(database)}` });
      currentDatabase = database;
    } catch (error) {
      // A client names its database also in the statement that creates it.
      const isMissing = toRequestError(error).type === 'UNKNOWN_DATABASE';
      if (isReader || !isMissing || statement.verb !== 'CREATE') throw error;
    }
  }

  return {
    async run(job) {
      if (waiting >= MAX_WAITING)
        throw new RequestError(
          202,
          'TOO_MANY_SIMULTANEOUS_QUERIES',
          `Too many simultaneous queries: ${waiting} are waiting; ask again later`,
        );
      waiting++;
      const turn = tail.then(() => begin(job)).finally(() => waiting--);
      tail = turn.catch(() => undefined); // Told to the one who asked; the next in line does not care.
      try {
        return await turn;
      } catch (error) {
        throw toRequestError(error);
      }
    },
    close() {
      isClosed = true;
    },
  };
}

async function runStatement(client: ClickHouseClient, job: LaneJob, isReader: boolean): Promise<LaneResult> {
  if (isReader) guardReader(job.statement.text);
  const query = await withParameters(job.statement, job.parameters, async (sql, values) => {
    const { stream } = await client.exec({ query: sql, query_params: values });
    return (await collect(stream)).toString('utf8');
  });
  if (isReader) guardReader(query);
  const result = await client.exec({
    query,
    query_id: job.queryId,
    clickhouse_settings: { default_format: job.defaultFormat } as Record<string, string>,
    ...(job.data === null ? {} : { values: Readable.from([job.data]) }),
  });
  return { bytes: await collect(result.stream), summary: summaryOf(job, result.summary) };
}

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** The engine counts what it was given as read; of an INSERT a client wants to know it as written. */
function summaryOf({ statement }: LaneJob, summary: ClickHouseSummary | undefined): Partial<ClickHouseSummary> {
  if (summary === undefined || statement.verb !== 'INSERT') return summary ?? {};
  return { ...summary, written_rows: summary.read_rows, written_bytes: summary.read_bytes };
}
