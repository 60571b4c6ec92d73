import { ConfigError } from '#core/errors.ts';
import type { Timer } from '#core/ports/timer.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** `CLICKHOUSE_PASSWORD_SECRET` names the secret whose password is to be found in `CLICKHOUSE_PASSWORD`. */
const NAMES_A_SECRET = /^([A-Z][A-Z0-9_]*_PASSWORD)_SECRET$/;
const DEADLINE_MS = 8000;

/**
 * The environment with a password beside each variable that names a secret: so the passwords themselves stand in no template and no
 * function's configuration. Without such variables nothing is asked and nothing changes. The process's own environment is left as it is.
 */
export async function withSecrets(environment: Environment, { timer }: { readonly timer: Timer }): Promise<Environment> {
  const named = Object.entries(environment).flatMap(([variable, id]) => {
    const target = NAMES_A_SECRET.exec(variable)?.[1];
    return target === undefined || id === undefined ? [] : [{ variable, target, id }];
  });
  if (named.length === 0) return environment;
  for (const { variable, target, id } of named) {
    if (id.trim() === '') throw new ConfigError(`environment: ${variable} is empty, expected the name or ARN of a secret; set or unset it`);
    if (environment[target] !== undefined)
      throw new ConfigError(`environment: both ${target} and ${variable} are set, expected one of them; unset one`);
  }
  // Only now: its SDK takes longer to load than all else of a function together.
  const { createSecretReader } = await import('#providers/aws/secrets.ts');
  const secrets = createSecretReader({ timer, deadlineMs: DEADLINE_MS });
  try {
    const passwords = await Promise.all(named.map(async ({ target, id }) => [target, await secrets.readPassword(id)] as const));
    return { ...environment, ...Object.fromEntries(passwords) };
  } finally {
    secrets.close();
  }
}
