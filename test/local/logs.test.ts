import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { useDeployedEnvironment } from '#local/logs.ts';

let folder = '';
const file = (): string => join(folder, '.env.deployed');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-logs-'));
  writeFileSync(file(), 'AWS_ENDPOINT_URL=http://127.0.0.1:4566\nAWS_ACCESS_KEY_ID=emulator\nAWS_REGION=eu-west-1\n');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the logs', () => {
  test('are those of the emulator that was deployed to, when nothing else is chosen', () => {
    const environment: NodeJS.ProcessEnv = { AWS_REGION: 'us-west-2' };
    expect(useDeployedEnvironment(file(), environment)).toBe('http://127.0.0.1:4566');
    expect(environment).toEqual({ AWS_ENDPOINT_URL: 'http://127.0.0.1:4566', AWS_ACCESS_KEY_ID: 'emulator', AWS_REGION: 'eu-west-1' });
  });

  test.each(['AWS_ENDPOINT_URL', 'AWS_PROFILE', 'AWS_ACCESS_KEY_ID'])('are those of the account that %s chooses', (name) => {
    const environment: NodeJS.ProcessEnv = { [name]: 'chosen' };
    expect(useDeployedEnvironment(file(), environment)).toBeNull();
    expect(environment).toEqual({ [name]: 'chosen' });
  });

  test('are those of the environment when nothing was deployed to an emulator', () => {
    expect(useDeployedEnvironment(join(folder, 'none'), {})).toBeNull();
  });
});
