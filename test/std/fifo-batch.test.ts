import { describe, expect, test } from 'vitest';
import { processInOrder } from '#std/fifo-batch.ts';

const records = ['a', 'b', 'c', 'd'].map((messageId) => ({ messageId }));

describe('processInOrder', () => {
  test('works through all records one after the other', async () => {
    const log: string[] = [];
    const result = await processInOrder(
      records,
      async ({ messageId }) => {
        log.push(`begin ${messageId}`);
        await Promise.resolve();
        log.push(`end ${messageId}`);
      },
      () => log.push('failure'),
    );
    expect(log).toEqual(records.flatMap(({ messageId }) => [`begin ${messageId}`, `end ${messageId}`]));
    expect(result).toEqual({ batchItemFailures: [] });
  });

  test('stops at a failure and hands back that record and all behind it', async () => {
    const done: string[] = [];
    const failures: unknown[] = [];
    const failure = new Error('refused');
    const work = async ({ messageId }: { messageId: string }) => {
      if (messageId === 'c') throw failure;
      done.push(messageId);
    };
    const result = await processInOrder(records, work, (record, error) => failures.push([record.messageId, error]));
    expect(done).toEqual(['a', 'b']);
    expect(failures).toEqual([['c', failure]]);
    expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: 'c' }, { itemIdentifier: 'd' }] });
  });

  test('has nothing to hand back of an empty batch', async () => {
    expect(
      await processInOrder(
        [],
        () => Promise.reject(new Error('called')),
        () => {},
      ),
    ).toEqual({ batchItemFailures: [] });
  });
});
