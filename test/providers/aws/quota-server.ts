import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What was asked: the account's own value, or AWS's own. */
export type QuotaQuestion = { readonly applied: boolean; readonly service: string; readonly quota: string };
/** A number is the value; a word the refusal; without one AWS does not know the quota; null is no answer at all. */
export type QuotaAnswer = number | string | null | undefined;

/** Speaks just what Service Quotas does on the wire, on a port of its own. */
export async function startQuotaServer(answer: (question: QuotaQuestion) => QuotaAnswer) {
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { ServiceCode: service, QuotaCode: quota } = JSON.parse(await text(request)) as { ServiceCode: string; QuotaCode: string };
    const applied = String(request.headers['x-amz-target']).endsWith('.GetServiceQuota');
    const value = answer({ applied, service, quota });
    if (value === null) return;
    const isValue = typeof value === 'number';
    const body = isValue ? { Quota: { QuotaCode: quota, Value: value } } : { __type: value ?? 'NoSuchResourceException' };
    response.writeHead(isValue ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  };
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    environment: { AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: 'nobody', ['AWS_SECRET_ACCESS' + '_KEY']: 'nothing' },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
