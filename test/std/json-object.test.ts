import { describe, expect, test } from 'vitest';
import { isJsonObject, jsonExcerpt, parseJsonObject } from '#std/json-object.ts';

describe('a text', () => {
  test.each(['', 'null', '[]', '1', '"{}"', '{', '{"a":1', '['.repeat(100_000)])('that is no JSON object has none: %.20s', (text) => {
    expect(parseJsonObject(text)).toBeUndefined();
  });

  test('that is one has it, however deep', () => {
    expect(parseJsonObject('{"a":[1]}')).toEqual({ a: [1] });
    expect(parseJsonObject(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`)).toBeDefined();
  });
});

test('an object has names: an array and null are none', () => {
  expect([{}, [], null, 'text', undefined].map(isJsonObject)).toEqual([true, false, false, false, false]);
});

test('an excerpt is short, and of what cannot be written only its kind', () => {
  expect(jsonExcerpt({ a: 'x'.repeat(100) }, 10)).toBe('{"a":"xxxx');
  expect(jsonExcerpt(undefined, 10)).toBe('undefined');
  const circle: Record<string, unknown> = {};
  circle['itself'] = circle;
  expect(jsonExcerpt(circle, 100)).toBe('of type object');
});
