import { parentPort } from 'node:worker_threads';
import type { SentOptions } from './run-seeds.ts';
import { simulate } from './simulate.ts';

// A thread that plays the runs that it is given, one after the other.

parentPort?.on('message', (options: SentOptions) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  void simulate(options).then((result) => parentPort?.postMessage(result));
});
