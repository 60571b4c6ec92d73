import { good, type Finding } from './finding.ts';

/** What a deployment is made of, as far as AWS counts it. */
export type Deployed = {
  /** Enabled exchanges. */
  readonly exchanges: number;
  /** Ways out with an address of their own. */
  readonly waysOut: number;
  /** They are machines of ours. */
  readonly hasOwnWayOut: boolean;
  /** Of the stream: the archive takes one batch of each at a time. */
  readonly shards: number;
  /** Tasks of the collector, a quarter of a virtual CPU each. */
  readonly tasks: number;
  /** ClickHouse's own machine, an EC2 instance type; null where ClickHouse runs elsewhere. */
  readonly clickhouseInstance: string | null;
};

/** A quota of Service Quotas, and how much of it the deployment takes. */
export type QuotaNeed = { readonly name: string; readonly service: string; readonly quota: string; readonly takes: number };

/** `allowed` null: AWS does not know the quota. */
export type QuotaAnswer = { readonly need: QuotaNeed; readonly allowed: number | null; readonly failure: Failure | null };

/** Quota codes: AWS Service Quotas, the same in every region. That of EC2 is of the standard families, not of those with accelerators or much memory. */
export function quotaNeeds({ exchanges, waysOut, hasOwnWayOut, shards, tasks, clickhouseInstance }: Deployed): readonly QuotaNeed[] {
  const machines = [
    ...(clickhouseInstance === null ? [] : [clickhouseInstance]),
    ...(hasOwnWayOut ? Array.from({ length: waysOut }, () => 't4g.nano') : []),
  ];
  const needs = [
    { name: 'elastic addresses', service: 'ec2', quota: 'L-0263D0A3', takes: waysOut },
    { name: 'VPCs', service: 'vpc', quota: 'L-F678F1CE', takes: 1 },
    // Sync, indicators and verify run one tick an exchange at a time.
    { name: 'concurrent executions of Lambda', service: 'lambda', quota: 'L-B99A9384', takes: 3 * exchanges + shards },
    { name: 'vCPUs of Fargate', service: 'fargate', quota: 'L-3032A538', takes: tasks / 4 },
    { name: 'vCPUs of EC2', service: 'ec2', quota: 'L-1216C47A', takes: machines.reduce((sum, type) => sum + vcpusOf(type), 0) },
  ];
  return needs.filter(({ takes }) => takes > 0);
}

/** By the size in the type's name: `t4g.large` has 2, `m7g.2xlarge` 8. */
function vcpusOf(instanceType: string): number {
  const [family = '', size = ''] = instanceType.split('.');
  if (size === 'xlarge') return 4;
  const times = /^(\d+)xlarge$/.exec(size)?.[1];
  if (times !== undefined) return 4 * Number(times);
  if (size.startsWith('metal')) return 64;
  return size === 'medium' && !family.startsWith('t') ? 1 : 2;
}

const CHECK = 'AWS quotas';
const CURE = 'ask for more under Service Quotas in the console of the region, or take another region';

/** What the account may have (null: AWS does not say) against what is taken. How much is in use already, only AWS knows. */
export function quotaFinding({ name, takes }: QuotaNeed, allowed: number | null): Finding {
  const fact = `the deployment takes ${takes} of ${allowed ?? 'an unknown number of'} ${name}`;
  if (allowed === null) return { check: CHECK, severity: 'unknown', fact, cure: 'see Service Quotas in the console of the region' };
  if (takes > allowed) return { check: CHECK, severity: 'error', fact, cure: CURE };
  // Whatever else the account runs takes of the same.
  if (takes * 2 > allowed) return { check: CHECK, severity: 'warning', fact, cure: `see that no more is in use, or ${CURE}` };
  return good(CHECK, fact);
}

/** What is known once each quota was asked for by itself; a failure that all of them share is told once. */
export function accountFindings(variable: string, region: string, answers: readonly QuotaAnswer[]): readonly Finding[] {
  const limits = answers.flatMap(({ need, allowed, failure }) => (failure === null ? [quotaFinding(need, allowed)] : []));
  const failed = answers.flatMap(({ need, failure }) => (failure === null ? [] : [{ need, failure }]));
  const works = good('AWS credentials', `those of ${variable} work in ${region}; what they permit was not asked for`);
  const [first] = failed;
  if (first === undefined) return [works, ...limits];
  const missing = quotasNotAsked(
    failed.map(({ need }) => need),
    limits.length === 0 ? 'AWS did not say' : first.failure.message,
  );
  return [limits.length === 0 ? credentialFinding(variable, region, first.failure) : works, ...limits, missing];
}

export function quotasNotAsked(needs: readonly QuotaNeed[], why: string): Finding {
  const takes = needs.map((need) => `${need.takes} of the ${need.name}`).join(', ');
  const cure = 'see Service Quotas in the console of the region';
  return { check: CHECK, severity: 'unknown', fact: `not known (${why}); the deployment takes ${takes}`, cure };
}

type Failure = { readonly message: string; readonly retryable: boolean };

/** Credentials that AWS refuses, or that cannot be found where the environment says, are wrong; ones that may not ask for quotas are good. */
export function credentialFinding(variable: string, region: string, { message, retryable }: Failure): Finding {
  const check = 'AWS credentials';
  if (/ENOENT|CredentialsProviderError|CredentialsError/.test(message)) {
    return {
      check,
      severity: 'error',
      fact: `there are none where ${variable} says: ${message}`,
      cure: 'correct the variable, or sign in',
    };
  }
  if (retryable) {
    const isAnswer = /Throttl|TooManyRequests|InternalFailure|ServiceException|ServiceUnavailable/.test(message);
    const fact = isAnswer ? `AWS answered that it cannot say now: ${message}` : `AWS cannot be reached from here: ${message}`;
    return { check, severity: 'unknown', fact: `${variable} is set; ${fact}`, cure: 'ask again later, or from a network that reaches AWS' };
  }
  if (/AccessDenied|NotAuthorized|UnauthorizedOperation/.test(message)) {
    const cure = 'allow servicequotas:GetServiceQuota and servicequotas:GetAWSDefaultServiceQuota, or see the console';
    return { check, severity: 'unknown', fact: `those of ${variable} may not ask for quotas: ${message}`, cure };
  }
  const cure = `sign in again or correct the variable; if ${region} must be enabled for an account first, enable it`;
  return { check, severity: 'error', fact: `those of ${variable} do not work in ${region}: ${message}`, cure };
}
