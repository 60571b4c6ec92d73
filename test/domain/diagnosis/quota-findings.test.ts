import { describe, expect, test } from 'vitest';
import {
  accountFindings,
  credentialFinding,
  quotaFinding,
  quotaNeeds,
  quotasNotAsked,
  type Deployed,
} from '#domain/diagnosis/quota-findings.ts';

const DEFAULT: Deployed = { exchanges: 3, waysOut: 1, hasOwnWayOut: true, shards: 1, tasks: 1, clickhouseInstance: 't4g.large' };
const taken = (deployed: Partial<Deployed>): Record<string, number> =>
  Object.fromEntries(quotaNeeds({ ...DEFAULT, ...deployed }).map(({ name, takes }) => [name, takes]));

describe('what a deployment takes', () => {
  test('is counted as AWS counts it', () => {
    expect(taken({})).toEqual({
      'elastic addresses': 1,
      VPCs: 1,
      'concurrent executions of Lambda': 10,
      'vCPUs of Fargate': 0.25,
      'vCPUs of EC2': 4,
    });
  });

  test('leaves out what is not deployed', () => {
    const without = taken({ waysOut: 2, hasOwnWayOut: false, tasks: 0, clickhouseInstance: null });
    expect(Object.keys(without)).toEqual(['elastic addresses', 'VPCs', 'concurrent executions of Lambda']);
    expect(without['elastic addresses']).toBe(2);
  });

  test.each([
    ['t4g.nano', 2],
    ['t4g.medium', 2],
    ['m7g.medium', 1],
    ['m7g.large', 2],
    ['r8g.xlarge', 4],
    ['m7g.2xlarge', 8],
    ['c7gn.16xlarge', 64],
    ['m7g.metal', 64],
  ])('of EC2 for ClickHouse on %s are %d vCPUs', (clickhouseInstance, vcpus) => {
    expect(taken({ clickhouseInstance, hasOwnWayOut: false })['vCPUs of EC2']).toBe(vcpus);
  });
});

describe('a quota', () => {
  const need = { name: 'VPCs', service: 'vpc', quota: 'L-F678F1CE', takes: 2 };

  test.each([
    [1, 'error'],
    [2, 'warning'],
    [3, 'warning'],
    [4, 'good'],
    [null, 'unknown'],
  ])('of %s for a deployment that takes 2 is %s', (allowed, severity) => {
    const finding = quotaFinding(need, allowed);
    expect(finding).toMatchObject({
      check: 'AWS quotas',
      severity,
      fact: `the deployment takes 2 of ${allowed ?? 'an unknown number of'} VPCs`,
    });
    expect(finding.cure === '').toBe(severity === 'good');
  });

  test('that was not asked for is named with what is taken of it', () => {
    expect(quotasNotAsked([need], 'no credentials')).toMatchObject({
      severity: 'unknown',
      fact: 'not known (no credentials); the deployment takes 2 of the VPCs',
    });
  });
});

describe('credentials', () => {
  test.each([
    ['that AWS refuses are an error', 'UnrecognizedClientException: The security token is invalid', false, 'error'],
    ['that are old are an error', 'ExpiredTokenException: The token has expired', false, 'error'],
    ['that are not where they should be are an error', "Error: ENOENT: no such file or directory, open '/nowhere'", true, 'error'],
    [
      'that may not ask for quotas say nothing',
      'AccessDeniedException: not authorized to perform servicequotas:GetServiceQuota',
      false,
      'unknown',
    ],
    ['that nobody answers to say nothing', 'connect ECONNREFUSED 127.0.0.1:9', true, 'unknown'],
  ])('%s', (_what, message, retryable, severity) => {
    expect(credentialFinding('AWS_PROFILE', 'eu-west-1', { message, retryable })).toMatchObject({
      check: 'AWS credentials',
      severity,
      fact: expect.stringContaining(message) as unknown,
    });
  });

  test('that AWS throttles were answered, and are not called out of reach', () => {
    const busy = { message: 'TooManyRequestsException: slow down', retryable: true };
    expect(credentialFinding('AWS_PROFILE', 'eu-west-1', busy).fact).toContain('AWS answered that it cannot say now');
  });
});

describe('an account', () => {
  const [addresses, vpcs] = quotaNeeds(DEFAULT);
  const busy = { message: 'TooManyRequestsException: slow down', retryable: true };

  test('of which one quota cannot be had is told all others', () => {
    const findings = accountFindings('AWS_PROFILE', 'eu-west-1', [
      { need: addresses!, allowed: 5, failure: null },
      { need: vpcs!, allowed: null, failure: busy },
    ]);
    expect(findings.map(({ check, severity }) => [check, severity])).toEqual([
      ['AWS credentials', 'good'],
      ['AWS quotas', 'good'],
      ['AWS quotas', 'unknown'],
    ]);
    expect(findings[2]?.fact).toMatch(/^not known \(TooManyRequestsException: slow down\); the deployment takes 1 of the VPCs$/);
  });

  test('that says nothing is told once why', () => {
    const answers = [addresses!, vpcs!].map((need) => ({ need, allowed: null, failure: busy }));
    expect(accountFindings('AWS_PROFILE', 'eu-west-1', answers).map(({ check, severity }) => [check, severity])).toEqual([
      ['AWS credentials', 'unknown'],
      ['AWS quotas', 'unknown'],
    ]);
  });
});
