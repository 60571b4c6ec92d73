import { setTimeout as sleep } from 'node:timers/promises';
import { call, cloudFormation, get } from './emulator/call.ts';
import { runningEmulator } from './emulator/emulator-state.ts';
import { PROBE_TEMPLATE, SINGLE_TYPES } from './emulator/probe-template.ts';

// What the running emulator (`npm run emulator:up`) does and does not do of what the platform needs: a table for docs/emulator.md.

const STACK = 'probe';
const { endpoint } = runningEmulator();
const rows: string[] = [];

const sqs = async (action: string, input: object): Promise<Record<string, unknown>> =>
  JSON.parse((await call(endpoint, { service: 'sqs', action: `AmazonSQS.${action}`, version: '1.0' }, input)).text || '{}') as Record<
    string,
    unknown
  >;
const json = async (service: string, action: string, input: object): Promise<Record<string, unknown>> =>
  JSON.parse((await call(endpoint, { service, action }, input)).text || '{}') as Record<string, unknown>;
const queueUrl = (name: string): string => `${endpoint}/000000000000/${name}`;
const tell = (what: string, seen: unknown): void => void rows.push(`| ${what} | ${String(seen)} |`);

/** Creates a stack and resolves with the status it ends in, or with why it is refused. */
async function deploy(name: string, template: object): Promise<string> {
  const refusal = await refused({
    Action: 'CreateStack',
    StackName: name,
    TemplateBody: JSON.stringify(template),
    'Capabilities.member.1': 'CAPABILITY_IAM',
  });
  return refusal ?? (await settled(name));
}

async function refused(parameters: Readonly<Record<string, string>>): Promise<string | null> {
  try {
    await cloudFormation(endpoint, parameters);
    return null;
  } catch (error) {
    return /<Message>([^<]*)</.exec(String(error))?.[1] ?? String(error);
  }
}

async function settled(name: string): Promise<string> {
  for (let look = 0; look < 300; look += 1) {
    // oxlint-disable-next-line no-await-in-loop -- looks until it is done
    const text = await cloudFormation(endpoint, { Action: 'ListStacks' });
    const status = new RegExp(`<StackName>${name}</StackName>[^]*?<StackStatus>([A-Z_]+)<`).exec(text)?.[1] ?? 'none';
    if (!status.endsWith('_IN_PROGRESS')) return status;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await sleep(100);
  }
  return 'no end within 30 s';
}

/** Messages of a queue within so many seconds: the time until the first, ms, and their bodies. */
async function received(
  queue: string,
  seconds: number,
  wanted = 1,
): Promise<{ readonly afterMs: number; readonly bodies: readonly string[] }> {
  const startMs = performance.now();
  const bodies: string[] = [];
  let afterMs = Number.NaN;
  while (performance.now() - startMs < seconds * 1000 && bodies.length < wanted) {
    // oxlint-disable-next-line no-await-in-loop -- as above
    const { Messages = [] } = (await sqs('ReceiveMessage', { QueueUrl: queueUrl(queue), MaxNumberOfMessages: 10 })) as {
      Messages?: { Body: string }[];
    };
    if (Messages.length > 0 && bodies.length === 0) afterMs = Math.round(performance.now() - startMs);
    bodies.push(...Messages.map(({ Body }) => Body));
    // oxlint-disable-next-line no-await-in-loop -- as above
    await sleep(50);
  }
  return { afterMs, bodies };
}

tell(
  'a stack with rule, queues, stream, function, event source mapping, metric filter, alarm, secret',
  await deploy(STACK, PROBE_TEMPLATE),
);

await json('events', 'AWSEvents.PutEvents', { Entries: [{ Source: 'probe', DetailType: 'probe', Detail: '{}' }] });
tell('delay of a rule’s message to a FIFO queue with DelaySeconds 3', `${(await received('probe-ticks.fifo', 8)).afterMs} ms`);

const { Attributes } = (await sqs('GetQueueAttributes', { QueueUrl: queueUrl('probe-ticks.fifo'), AttributeNames: ['All'] })) as {
  Attributes: Record<string, string>;
};
tell('RedrivePolicy of a queue from CloudFormation', Attributes['RedrivePolicy'] ?? 'dropped');
await sqs('SendMessage', { QueueUrl: queueUrl('probe-standard'), MessageBody: 'again and again' });
for (let times = 0; times < 3; times += 1) {
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  await sqs('ReceiveMessage', { QueueUrl: queueUrl('probe-standard'), VisibilityTimeout: 0 });
}
tell(
  'a message received more often than maxReceiveCount 1 is in the dead-letter queue',
  (await received('probe-dead', 3)).bodies.length === 1,
);

const invoked = await fetch(`${endpoint}/2015-03-31/functions/probe/invocations`, { method: 'POST', body: '{}' });
tell('what a function sees of itself (runtime nodejs22.x, arm64, timeout 10 s)', await invoked.text());

for (const data of ['good 1', 'poison', 'good 2'])
  // oxlint-disable-next-line no-await-in-loop -- in order
  await json('kinesis', 'Kinesis_20131202.PutRecord', {
    StreamName: 'probe',
    PartitionKey: 'x',
    Data: Buffer.from(data).toString('base64'),
  });
await sleep(15_000);
const { events = [] } = (await json('logs', 'Logs_20140328.FilterLogEvents', { logGroupName: '/probe' })) as {
  events?: { message: string; eventId?: string }[];
};
const batches = events.map(({ message }) => message).filter((message) => message.startsWith('batch '));
tell('batches of good 1, poison (throws), good 2 with bisect and 1 retry', batches.map((line) => line.slice(6)).join('; '));
tell('the failure destination of the stream’s consumer', (await received('probe-failed', 3)).bodies[0]?.slice(0, 120) ?? 'nothing arrived');
tell(
  'FilterLogEvents gives an eventId',
  events.some(({ eventId }) => eventId !== undefined),
);

const filtered = await json('logs', 'Logs_20140328.FilterLogEvents', { logGroupName: '/probe', filterPattern: '{ $.kind = "told" }' });
tell('FilterLogEvents with a pattern over JSON finds', `${(filtered['events'] as unknown[] | undefined)?.length ?? 0} of 1`);

const described = await cloudFormation(endpoint, { Action: 'DescribeStacks', StackName: STACK });
tell('Ref of a secret', /<OutputValue>([^<]+)<\/OutputValue>/.exec(described)?.[1]);
const arn = /<StackId>([^<]+)</.exec(described)?.[1] ?? '';
const bucket = /<OutputKey>Bucket<\/OutputKey>\s*<OutputValue>([^<]+)</.exec(described)?.[1] ?? '';
await fetch(`${endpoint}/${bucket}/object`, { method: 'PUT', body: 'x' });
await cloudFormation(endpoint, { Action: 'DeleteStack', StackName: arn });
tell('DeleteStack by ARN, with an object in its bucket (AWS refuses)', await settled(STACK));
tell('the bucket afterwards', (await get(endpoint, 's3', '/')).text.includes(bucket) ? 'is there' : 'is gone');

for (const [type, properties] of Object.entries(SINGLE_TYPES)) {
  const name = `probe-${type.split('::').slice(1).join('-').toLowerCase()}`;
  // oxlint-disable-next-line no-await-in-loop -- one stack after the other
  tell(type, await deploy(name, { Resources: { It: { Type: type, Properties: properties } } }));
  // oxlint-disable-next-line no-await-in-loop -- as above
  await cloudFormation(endpoint, { Action: 'DeleteStack', StackName: name });
}

console.log(['| tried | seen |', '|---|---|', ...rows].join('\n'));
