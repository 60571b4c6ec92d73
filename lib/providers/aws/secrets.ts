import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SinkError } from '#core/errors.ts';
import type { Timer } from '#core/ports/timer.ts';
import { withDeadline } from '#std/deadline.ts';
import { onceItSucceeds } from '#std/once-it-succeeds.ts';
import { awsError } from './aws-errors.ts';

export type SecretReader = {
  /**
   * The password in the secret of that name or ARN: its key `password` when it is a JSON object, its whole text when not. Asked for once in
   * five minutes. Throws `SinkError`, whose message never has the secret in it.
   */
  readPassword(id: string): Promise<string>;
  close(): void;
};

export type SecretReaderOptions = {
  readonly timer: Timer;
  /** Of one secret, retries included. */
  readonly deadlineMs: number;
};

const KEPT_MS = 5 * 60_000;

/** Secrets Manager. Credentials, region and endpoint come from the environment, as the SDK reads it. */
export function createSecretReader({ timer, deadlineMs }: SecretReaderOptions): SecretReader {
  const client = new SecretsManagerClient({ maxAttempts: 3, requestHandler: new NodeHttpHandler({ connectionTimeout: deadlineMs }) });
  const kept = new Map<string, { readonly untilMs: number; readonly read: () => Promise<string> }>();
  const fetch = async (id: string): Promise<string> => {
    try {
      const answer = await withDeadline({ timer, deadlineMs, what: `secret "${id}"` }, (abortSignal) =>
        client.send(new GetSecretValueCommand({ SecretId: id }), { abortSignal }),
      );
      return passwordIn(answer.SecretString, id);
    } catch (error) {
      throw awsError('SECRET', `secret "${id}" could not be read`, error);
    }
  };
  return {
    async readPassword(id) {
      const known = kept.get(id);
      if (known !== undefined && timer.monotonicMs() < known.untilMs) return await known.read();
      const read = onceItSucceeds(() => fetch(id));
      kept.set(id, { untilMs: timer.monotonicMs() + KEPT_MS, read });
      return await read();
    },
    close() {
      client.destroy();
    },
  };
}

function passwordIn(text: string | undefined, id: string): string {
  const password = text?.trimStart().startsWith('{') === true ? passwordOf(text) : text;
  if (typeof password === 'string' && password !== '') return password;
  throw new SinkError(`secret "${id}" has no password, expected a text, or a JSON object with the key "password"; correct the secret`, {
    code: 'SECRET',
    retryable: false,
  });
}

function passwordOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { readonly password?: unknown }).password;
  } catch {
    // A password may begin with a brace.
    return text;
  }
}
