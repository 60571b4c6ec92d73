import { setTimeout as sleep } from 'node:timers/promises';
import { call, cloudFormation, get } from './call.ts';
import { STACK } from './deploy.ts';
import { isAlive, runningEmulator } from './emulator-state.ts';

const WITHIN_MS = 60_000;

/** Deletes the stack by its name, as whoever shares an account would, says what is left of it, and then ends collector and emulator. */
export async function down(): Promise<void> {
  const { endpoint, pid, collectorPid } = runningEmulator();
  if (collectorPid !== null && isAlive(collectorPid)) await end('emulator:collect', collectorPid);
  const before = await partsThere(endpoint);
  await cloudFormation(endpoint, { Action: 'DeleteStack', StackName: STACK });
  await until(`the stack ${STACK} to be deleted`, async () => (await statusOf(endpoint)) === 'DELETE_COMPLETE');
  const left = await partsThere(endpoint);
  await end('emulator:up', pid);
  if (left.length > 0) throw new Error(`the stack ${STACK} is deleted, but there are still: ${left.join(', ')}`);
  console.log(`the stack ${STACK} is deleted, nothing is left of ${before.length} named parts, and the emulator has ended`);
}

async function statusOf(endpoint: string): Promise<string> {
  const text = await cloudFormation(endpoint, { Action: 'ListStacks' });
  const status = new RegExp(`<StackName>${STACK}</StackName>[^]*?<StackStatus>([A-Z_]+)</StackStatus>`).exec(text)?.[1];
  if (status === 'DELETE_FAILED') throw new Error(`the stack ${STACK} could not be deleted: ${text}`);
  // One that was never there is gone as well.
  return status ?? 'DELETE_COMPLETE';
}

/** What carries our name, of every kind that the stack has. The secret is the deployer's and no part of the stack. */
async function partsThere(endpoint: string): Promise<readonly string[]> {
  const asked = await Promise.all([
    call(endpoint, { service: 'sqs', action: 'AmazonSQS.ListQueues', version: '1.0' }, {}),
    call(endpoint, { service: 'kinesis', action: 'Kinesis_20131202.ListStreams' }, {}),
    call(endpoint, { service: 'logs', action: 'Logs_20140328.DescribeLogGroups' }, {}),
    call(endpoint, { service: 'events', action: 'AWSEvents.ListRules' }, {}),
    get(endpoint, 'lambda', '/2015-03-31/functions/'),
    get(endpoint, 'lambda', '/2015-03-31/event-source-mappings/'),
    get(endpoint, 's3', '/'),
  ]);
  const failed = asked.find(({ status }) => status !== 200);
  if (failed !== undefined) throw new Error(`the emulator could not be asked what is there: it answered ${failed.status}: ${failed.text}`);
  return [...new Set(asked.flatMap(({ text }) => text.match(/\/?tidemark[-/][\w./-]+/g) ?? []))];
}

async function end(name: string, pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  await until(`${name} to end`, async () => !isAlive(pid));
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
