import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '#config/load.ts';
import { writeStoreState } from '#local/data-folder.ts';
import { runStoreService } from '#local/store-service.ts';

test('a replay is never opened as live data, whose time to live would remove it', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'tidemark-store-service-'));
  onTestFinished(() => rmSync(dataDirectory, { recursive: true, force: true }));
  writeStoreState(dataDirectory, { kind: 'replay', recording: 'usdc-depeg-2023-03', fromMs: 0, tickMs: 0 });
  const silent = { line: () => {}, progress: () => {}, status: () => {} };
  const service = runStoreService(
    { dataDirectory, port: 0, isLive: true, logLevel: 'error' },
    { config: loadConfig('config', {}), output: silent, signal: new AbortController().signal, log: () => {} },
  );
  await expect(service).rejects.toThrow(/holds a replay of "usdc-depeg-2023-03", expected live data or none for --live; leave out --live/);
});
