type Answer = { readonly status: number; readonly text: string };

/** The emulator looks at no signature; it tells the service from its scope. */
function authorization(service: string): string {
  return `AWS4-HMAC-SHA256 Credential=tidemark-emulator/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=none`;
}

/** One call of an AWS API with a JSON protocol. */
export async function call(
  endpoint: string,
  { service, action, version = '1.1' }: { readonly service: string; readonly action: string; readonly version?: '1.0' | '1.1' },
  input: unknown,
): Promise<Answer> {
  return await send(endpoint, {
    method: 'POST',
    headers: { 'Content-Type': `application/x-amz-json-${version}`, 'X-Amz-Target': action, Authorization: authorization(service) },
    body: JSON.stringify(input),
  });
}

/** One reading call of an AWS API with a path of its own. */
export async function get(endpoint: string, service: string, path: string): Promise<Answer> {
  return await send(`${endpoint}${path}`, { headers: { Authorization: authorization(service) } });
}

/** One call of CloudFormation; the answer's XML. Rejects when it is refused. */
export async function cloudFormation(endpoint: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  const { status, text } = await send(endpoint, {
    method: 'POST',
    headers: { Authorization: authorization('cloudformation') },
    body: new URLSearchParams({ Version: '2010-05-15', ...parameters }),
  });
  if (status !== 200) throw new Error(`CloudFormation answered ${status}: ${text}`);
  return text;
}

async function send(url: string, request: RequestInit): Promise<Answer> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(30_000) });
  return { status: response.status, text: await response.text() };
}
