import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeIssues } from '#config/problems.ts';
import { CONFIG_FILES, type ConfigFile } from '#config/schema.ts';
import { parseYaml } from '#config/yaml-file.ts';

type Path = readonly (string | number)[];

/** The place of every value in a document, those inside of others included. */
function placesIn(node: unknown, path: Path = []): readonly Path[] {
  if (typeof node !== 'object' || node === null) return [path];
  const children = Array.isArray(node) ? node.slice(0, 2).entries() : Object.entries(node);
  return [path, ...[...children].flatMap(([key, child]) => placesIn(child, [...path, key]))];
}

function withValue(node: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  const child = (node as Record<string | number, unknown>)[key];
  const changed = withValue(child, rest, value);
  return Array.isArray(node) ? node.with(Number(key), changed) : { ...(node as object), [key]: changed };
}

const WRONG: readonly unknown[] = [
  undefined,
  null,
  true,
  'x',
  '',
  'y'.repeat(3000),
  -1,
  0.5,
  1e15,
  [],
  ['x'],
  [7, 7],
  Array(6000).fill('x'),
  {},
  { a: 1 },
];

describe('a wrong value anywhere in the configuration', () => {
  test.each(Object.keys(CONFIG_FILES) as ConfigFile[])('%s.yaml is told in our own words, with what was expected', (file) => {
    const document = parseYaml(file, readFileSync(`config/${file}.yaml`, 'utf8'));
    const places = placesIn(document);
    expect(places.length).toBeGreaterThan(5);
    let told = 0;
    for (const path of places) {
      for (const value of WRONG) {
        const changed = withValue(document, path, value);
        const result = CONFIG_FILES[file].safeParse(changed);
        if (result.success) continue;
        for (const line of describeIssues(`${file}.yaml`, changed, result.error).split('\n')) {
          told++;
          expect(line).toMatch(/^[a-z]+\.yaml: .+, expected .+; .+$/);
          expect(line).not.toMatch(/invalid|too (big|small)|received/i);
        }
      }
    }
    expect(told).toBeGreaterThan(places.length * 5);
  });
});
