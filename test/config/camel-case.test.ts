import { describe, expect, test } from 'vitest';
import { camelCased } from '#config/camel-case.ts';

describe('camelCased', () => {
  test('renames keys on every level and leaves values alone', () => {
    const value = {
      ttl_seconds: 1,
      list_of: [{ smooth_k: 'a_b' }, ['c_d']],
      nothing: null,
      deep: { password_env: 'A_B', ttl_2_days: true },
    };
    expect(camelCased(value)).toEqual({
      ttlSeconds: 1,
      listOf: [{ smoothK: 'a_b' }, ['c_d']],
      nothing: null,
      deep: { passwordEnv: 'A_B', ttl2Days: true },
    });
  });

  test('drops what is undefined', () => {
    expect(Object.keys(camelCased({ a: 1, b: undefined }))).toEqual(['a']);
  });

  test('freezes every object and list', () => {
    const result = camelCased({ a: { b: [{ c: 1 }] } });
    expect([result, result.a, result.a.b, result.a.b[0]].every(Object.isFrozen)).toBe(true);
  });
});
