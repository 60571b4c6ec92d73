import { SinkError } from '#core/errors.ts';
import type { Random } from '#core/ports/random.ts';
import type { StreamRecord } from '#core/ports/stream-client.ts';
import type { Timer } from '#core/ports/timer.ts';

/** What became of one record of a call: null when it was accepted. */
export type RecordFailure = { readonly code: string; readonly message: string };

export type PutInOrderOptions = {
  /**
   * One call with records of different partition keys. Resolves to each record's failure or null; rejects with a `SinkError` when nothing
   * is known about any of them.
   */
  readonly send: (records: readonly StreamRecord[]) => Promise<readonly (RecordFailure | null)[]>;
  readonly timer: Timer;
  readonly random: Random;
  /** Of one record; then the whole put is given up. */
  readonly maxAttempts: number;
  readonly firstBackoffMs: number;
  readonly lastBackoffMs: number;
};

const MAX_CALL_RECORDS = 500;
/** Of Kinesis: 5 MiB a call, keys included. */
const MAX_CALL_BYTES = 5 * 1024 * 1024;
/** After throttling a call holds half as many records, and with each full success some more again. */
const WINDOW_STEP = 25;
const THROTTLED = /throttl|throughput|limitexceeded|slowdown/i;

/**
 * Puts records so that those of one partition key stay in order: a call holds at most one of each key, because a call may accept a later
 * one and refuse an earlier one. Refused ones are sent again, before their followers, after a pause with full jitter.
 */
export function createPutInOrder(options: PutInOrderOptions): (records: readonly StreamRecord[]) => Promise<void> {
  const { send, maxAttempts } = options;
  let window = MAX_CALL_RECORDS;

  return async (records) => {
    const lanes = new Map<string, Lane>();
    for (const record of records) {
      const lane = lanes.get(record.partitionKey);
      if (lane === undefined) lanes.set(record.partitionKey, { records: [record], next: 0, attempts: 0 });
      else lane.records.push(record);
    }
    let left = records.length;
    for (let badRounds = 0; lanes.size > 0;) {
      const call = nextCall(lanes, window);
      // oxlint-disable-next-line no-await-in-loop -- one call at a time keeps the order
      const failures = await outcomes(send, call);
      const accepted = advance(lanes, call, failures);
      left -= accepted;
      window = nextWindow(window, failures);
      if (accepted === call.length) {
        badRounds = 0;
        continue;
      }
      giveUpAfter(maxAttempts, lanes, failures, left);
      // oxlint-disable-next-line no-await-in-loop -- a pause before the next call
      await backOff(options, accepted > 0 ? 0 : badRounds++);
    }
  };
}

type Lane = { readonly records: StreamRecord[]; next: number; attempts: number };

/** The oldest record of each key, as many as one call may hold; at least one. */
function nextCall(lanes: ReadonlyMap<string, Lane>, window: number): readonly StreamRecord[] {
  const call: StreamRecord[] = [];
  let bytes = 0;
  for (const lane of lanes.values()) {
    const record = lane.records[lane.next] as StreamRecord;
    bytes += record.data.length + record.partitionKey.length * 4;
    if (call.length > 0 && (call.length >= window || bytes > MAX_CALL_BYTES)) return call;
    call.push(record);
  }
  return call;
}

async function outcomes(send: PutInOrderOptions['send'], call: readonly StreamRecord[]): Promise<readonly (RecordFailure | null)[]> {
  try {
    return await send(call);
  } catch (error) {
    if (!(error instanceof SinkError) || !error.retryable) throw error;
    // Some may be in: they will be in twice, in the same order.
    return call.map(() => ({ code: 'NoAnswer', message: error.message }));
  }
}

/** Moves each lane on; those that were tried queue up behind the others. Returns how many records were accepted. */
function advance(lanes: Map<string, Lane>, call: readonly StreamRecord[], failures: readonly (RecordFailure | null)[]): number {
  let accepted = 0;
  for (const [index, { partitionKey }] of call.entries()) {
    const lane = lanes.get(partitionKey) as Lane;
    const isAccepted = failures[index] === null;
    lanes.delete(partitionKey);
    lane.attempts = isAccepted ? 0 : lane.attempts + 1;
    if (isAccepted) {
      accepted++;
      lane.next++;
    }
    if (lane.next < lane.records.length) lanes.set(partitionKey, lane);
  }
  return accepted;
}

function nextWindow(window: number, failures: readonly (RecordFailure | null)[]): number {
  if (failures.some((failure) => failure !== null && THROTTLED.test(`${failure.code} ${failure.message}`)))
    return Math.max(1, Math.floor(window / 2));
  return Math.min(MAX_CALL_RECORDS, window + WINDOW_STEP);
}

function giveUpAfter(
  maxAttempts: number,
  lanes: ReadonlyMap<string, Lane>,
  failures: readonly (RecordFailure | null)[],
  left: number,
): void {
  if (!lanes.values().some(({ attempts }) => attempts >= maxAttempts)) return;
  const failure = failures.find((one) => one !== null);
  throw new SinkError(
    `the stream refused a record ${maxAttempts} times, ${left} are not in: ${failure?.code ?? ''} ${failure?.message ?? ''}; it is tried again, see whether it needs more shards`,
    { code: 'STREAM', retryable: true },
  );
}

async function backOff({ timer, random, firstBackoffMs, lastBackoffMs }: PutInOrderOptions, badRounds: number): Promise<void> {
  const boundMs = Math.min(lastBackoffMs, firstBackoffMs * 2 ** badRounds);
  await new Promise<void>((resolve) => void timer.after(random.next() * boundMs, resolve));
}
