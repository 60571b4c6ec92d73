/** One call of an AWS API with a JSON protocol. The emulator looks at no signature. */
export async function call(
  endpoint: string,
  { service, action }: { readonly service: string; readonly action: string },
  input: unknown,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': action,
      // The service is told from its scope alone.
      Authorization: `AWS4-HMAC-SHA256 Credential=tidemark-emulator/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=none`,
    },
    body: JSON.stringify(input),
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, text: await response.text() };
}
