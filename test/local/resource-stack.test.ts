import { describe, expect, test } from 'vitest';
import { createStack } from '#local/resource-stack.ts';

function stack(failing: readonly string[] = []) {
  const closed: string[] = [];
  const opened = createStack();
  for (const name of ['store', 'exchange', 'page']) {
    opened.add(name, async () => {
      closed.push(name);
      if (failing.includes(name)) throw new Error(`${name} hangs`);
    });
  }
  return { opened, closed };
}

describe('a stack of what was opened', () => {
  test('is closed in reverse order', async () => {
    const { opened, closed } = stack();
    await opened.close();
    expect(closed).toEqual(['page', 'exchange', 'store']);
  });

  test('is closed once', async () => {
    const { opened, closed } = stack();
    await opened.close();
    await opened.close();
    expect(closed).toHaveLength(3);
  });

  test('closes one after the other', async () => {
    const log: string[] = [];
    const opened = createStack();
    for (const name of ['a', 'b']) {
      opened.add(name, async () => {
        log.push(`${name} begins`);
        await Promise.resolve();
        log.push(`${name} ends`);
      });
    }
    await opened.close();
    expect(log).toEqual(['b begins', 'b ends', 'a begins', 'a ends']);
  });

  test('is closed to the bottom when one part fails, and then says which', async () => {
    const { opened, closed } = stack(['exchange']);
    await expect(opened.close()).rejects.toMatchObject({ message: 'exchange could not be closed', cause: { message: 'exchange hangs' } });
    expect(closed).toEqual(['page', 'exchange', 'store']);
  });

  test('says all of several failures', async () => {
    const { opened } = stack(['store', 'page']);
    await expect(opened.close()).rejects.toMatchObject({
      message: 'several parts could not be closed',
      errors: [{ message: 'page could not be closed' }, { message: 'store could not be closed' }],
    });
  });

  test('may be empty', async () => {
    await expect(createStack().close()).resolves.toBeUndefined();
  });
});
