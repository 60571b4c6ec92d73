import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createServiceQuotas } from '#providers/aws/service-quotas.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { handTimer } from '../../std/hand-timer.ts';
import { useAwsEnvironment } from './aws-environment.ts';
import { startQuotaServer, type QuotaAnswer, type QuotaQuestion } from './quota-server.ts';

let answer: (question: QuotaQuestion) => QuotaAnswer;
let asked: QuotaQuestion[] = [];
let server: Awaited<ReturnType<typeof startQuotaServer>>;
beforeAll(async () => {
  server = await startQuotaServer((question) => (asked.push(question), answer(question)));
  useAwsEnvironment(server.url);
});
afterAll(() => {
  server.close();
});
beforeEach(() => {
  asked = [];
});

const quotas = () => createServiceQuotas({ region: 'eu-west-1', timer: createSystemTimer(), deadlineMs: 10_000 });

test('a quota is what the account has', async () => {
  answer = () => 12;
  expect(await quotas().read('vpc', 'L-F678F1CE')).toBe(12);
  expect(asked).toEqual([{ applied: true, service: 'vpc', quota: 'L-F678F1CE' }]);
});

test('a quota that was never changed is AWS’s own', async () => {
  answer = ({ applied }) => (applied ? undefined : 5);
  expect(await quotas().read('ec2', 'L-0263D0A3')).toBe(5);
  expect(asked.map(({ applied }) => applied)).toEqual([true, false]);
});

test('a quota that AWS does not know is null', async () => {
  answer = () => undefined;
  expect(await quotas().read('ec2', 'L-00000000')).toBeNull();
});

test('a refusal is told with its name, and is not worth a retry', async () => {
  answer = () => 'AccessDeniedException';
  await expect(quotas().read('ec2', 'L-0263D0A3')).rejects.toMatchObject({
    code: 'QUOTA',
    retryable: false,
    message: expect.stringMatching(/^quota L-0263D0A3 of ec2 in eu-west-1 could not be read: AccessDeniedException/) as unknown,
  });
});

test('no answer is waited for until the deadline', async () => {
  const timer = handTimer();
  answer = () => {
    queueMicrotask(() => timer.advance(10_000));
    return null;
  };
  const reader = createServiceQuotas({ region: 'eu-west-1', timer, deadlineMs: 10_000 });
  await expect(reader.read('ec2', 'L-0263D0A3')).rejects.toMatchObject({ code: 'QUOTA', retryable: true });
});
