import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SimulationResult } from './simulate.ts';
import type { SimulationOptions } from './workload.ts';

/** What a worker can be told: everything but a sabotage, which is code. */
export type SentOptions = Omit<SimulationOptions, 'sabotage'>;

/**
 * Plays runs side by side, on as many threads as there are processors, and tells of each in the order in which it was given: what is printed
 * does not depend on which was done first. Rejects when a run throws; the others are ended then.
 */
export async function runSeeds(
  runs: Iterable<SentOptions>,
  onResult: (result: SimulationResult) => void,
  threads = availableParallelism(),
): Promise<void> {
  const source = runs[Symbol.iterator]();
  const done = new Map<number, SimulationResult>();
  let given = 0;
  let told = 0;
  const workers: Worker[] = [];
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('seed-worker.ts', import.meta.url));
    workers.push(worker);
    for (let next = source.next(); next.done !== true; next = source.next()) {
      const index = given++;
      // oxlint-disable-next-line no-await-in-loop -- a thread plays one run after the other
      done.set(index, await ask(worker, next.value));
      for (let result = done.get(told); result !== undefined; result = done.get(told)) {
        done.delete(told++);
        onResult(result);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: threads }, work));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function ask(worker: Worker, options: SentOptions): Promise<SimulationResult> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
    };
    const onMessage = (result: SimulationResult): void => {
      settle();
      resolve(result);
    };
    const onError = (error: unknown): void => {
      settle();
      reject(new Error(`seed ${options.seed} ended its run: ${String(error)}`, { cause: error }));
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(options);
  });
}
