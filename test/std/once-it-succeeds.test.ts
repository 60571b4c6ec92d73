import { describe, expect, test } from 'vitest';
import { onceItSucceeds } from '#std/once-it-succeeds.ts';

describe('onceItSucceeds', () => {
  test('opens at the first use, once for all who ask', async () => {
    let opened = 0;
    const get = onceItSucceeds(async () => ++opened);
    expect(opened).toBe(0);
    expect(await Promise.all([get(), get()])).toEqual([1, 1]);
    expect(await get()).toBe(1);
  });

  test('tries again after a failure', async () => {
    let calls = 0;
    const get = onceItSucceeds(async () => {
      if (++calls < 3) throw new Error(`attempt ${calls}`);
      return 'open';
    });
    await expect(get()).rejects.toThrow('attempt 1');
    await expect(get()).rejects.toThrow('attempt 2');
    expect([await get(), await get(), calls]).toEqual(['open', 'open', 3]);
  });
});
