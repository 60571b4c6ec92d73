import type { QuotaReader } from '#core/ports/quota-reader.ts';
import type { Timer } from '#core/ports/timer.ts';

const DEADLINE_MS = 5000;

/** The quotas of an AWS account in a region. Its SDK is loaded only for who asks. */
export async function openQuotaReader(region: string, { timer }: { readonly timer: Timer }): Promise<QuotaReader> {
  const { createServiceQuotas } = await import('#providers/aws/service-quotas.ts');
  return createServiceQuotas({ region, timer, deadlineMs: DEADLINE_MS });
}
