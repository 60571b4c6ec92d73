import { setTimeout as sleep } from 'node:timers/promises';
import { STACK } from './deploy.ts';
import { isAlive, runningEmulator } from './emulator-state.ts';

const WITHIN_MS = 60_000;

/** Deletes the stack by its name, as whoever shares an account would, and then ends `emulator:up`. */
export async function down(): Promise<void> {
  const { endpoint, pid } = runningEmulator();
  await cloudFormation(endpoint, { Action: 'DeleteStack', StackName: STACK });
  await until(`the stack ${STACK} to be deleted`, async () => {
    const text = await cloudFormation(endpoint, { Action: 'ListStacks' });
    const status = new RegExp(`<StackName>${STACK}</StackName>[^]*?<StackStatus>([A-Z_]+)</StackStatus>`).exec(text)?.[1] ?? 'DELETE_COMPLETE';
    if (status === 'DELETE_FAILED') throw new Error(`the stack ${STACK} could not be deleted: ${text}`);
    return status === 'DELETE_COMPLETE';
  });
  console.log(`the stack ${STACK} is deleted`);
  process.kill(pid, 'SIGTERM');
  await until('emulator:up to end', async () => !isAlive(pid));
  console.log('the emulator has ended');
}

async function cloudFormation(endpoint: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      Authorization:
        'AWS4-HMAC-SHA256 Credential=tidemark-emulator/20260101/eu-west-1/cloudformation/aws4_request, SignedHeaders=host, Signature=none',
    },
    body: new URLSearchParams({ Version: '2010-05-15', ...parameters }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`CloudFormation answered ${response.status}: ${text}`);
  return text;
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + WITHIN_MS;
  // oxlint-disable-next-line no-await-in-loop -- asks until it is so
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`waited a minute for ${what}`);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await sleep(100);
  }
}
