import { ConfigError } from '#core/errors.ts';

const STAGES = ['aws', 'local'] as const;

/** aws: the account. local: an emulator of AWS on this machine. */
export type Stage = (typeof STAGES)[number];

/** The context value `stage`; without it, `local` when the AWS endpoint of the environment is this machine, else `aws`. */
export function stageOf(context: string | undefined, endpoint: string | undefined): Stage {
  const isLocal = endpoint !== undefined && isLoopback(endpoint);
  const stage = context ?? (isLocal ? 'local' : 'aws');
  const known = STAGES.find((name) => name === stage);
  if (known === undefined) throw new ConfigError(`context "stage" is "${stage}", expected one of ${STAGES.join(', ')}; correct it`);
  if (known === 'aws' && isLocal)
    throw new ConfigError(`context "stage" is "aws", but AWS_ENDPOINT_URL is "${endpoint}", expected no address of this machine; unset it`);
  return known;
}

function isLoopback(endpoint: string): boolean {
  const { hostname } = URL.canParse(endpoint) ? new URL(endpoint) : { hostname: '' };
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|.+\.localhost|localhost\.localstack\.cloud)$/.test(hostname);
}
