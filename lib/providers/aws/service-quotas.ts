import { GetAWSDefaultServiceQuotaCommand, GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { QuotaReader } from '#core/ports/quota-reader.ts';
import type { Timer } from '#core/ports/timer.ts';
import { withDeadline } from '#std/deadline.ts';
import { awsError } from './aws-errors.ts';

export type ServiceQuotasOptions = {
  readonly region: string;
  readonly timer: Timer;
  /** Of one quota, both questions and retries included. */
  readonly deadlineMs: number;
};

/** Service Quotas of a region. Credentials and endpoint come from the environment, as the SDK reads it. */
export function createServiceQuotas({ region, timer, deadlineMs }: ServiceQuotasOptions): QuotaReader {
  const requestHandler = new NodeHttpHandler({ connectionTimeout: deadlineMs });
  const client = new ServiceQuotasClient({ region, maxAttempts: 2, requestHandler });
  return {
    async read(serviceCode, quotaCode) {
      const input = { ServiceCode: serviceCode, QuotaCode: quotaCode };
      const what = `quota ${quotaCode} of ${serviceCode} in ${region}`;
      try {
        return await withDeadline({ timer, deadlineMs, what }, async (abortSignal) => {
          const applied = await orNull(client.send(new GetServiceQuotaCommand(input), { abortSignal }));
          // One that was never changed may be known only as AWS's own.
          const answer = applied ?? (await orNull(client.send(new GetAWSDefaultServiceQuotaCommand(input), { abortSignal })));
          return answer?.Quota?.Value ?? null;
        });
      } catch (error) {
        throw awsError('QUOTA', `${what} could not be read`, error);
      }
    },
    close() {
      client.destroy();
    },
  };
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchResourceException') return null;
    throw error;
  }
}
