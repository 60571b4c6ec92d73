import { SinkError, type SinkErrorCode } from '#core/errors.ts';
import { DeadlineError } from '#std/deadline.ts';

type Facts = { readonly name?: unknown; readonly $metadata?: { readonly httpStatusCode?: unknown } };

const THROTTLING = /throttl|throughput|limitexceeded|slowdown|toomanyrequests/i;

/** The SDK's error as ours. A refusal of this very request (403, 404, a bad argument, no credentials) is not worth a retry, all else is. */
export function awsError(code: SinkErrorCode, what: string, error: unknown): SinkError {
  if (error instanceof SinkError) return error;
  const { name, $metadata } = (typeof error === 'object' && error !== null ? error : {}) as Facts;
  const status = typeof $metadata?.httpStatusCode === 'number' ? $metadata.httpStatusCode : null;
  const isRefusal = status !== null && status >= 400 && status < 500 && status !== 408 && !THROTTLING.test(String(name));
  const retryable = error instanceof DeadlineError || !(isRefusal || name === 'CredentialsProviderError');
  const reason = error instanceof Error ? error.message : String(error);
  return new SinkError(`${what}: ${typeof name === 'string' ? `${name}: ` : ''}${reason}`, { code, retryable }, { cause: error });
}
