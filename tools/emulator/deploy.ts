import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { call } from './call.ts';
import { awsVariables, cleanEnvironment, platformVariables, STORE_SECRET, storePassword, type Variables } from './emulator-environment.ts';
import { DEPLOYED_FILE, emulatorFolder, ROOT, runningEmulator, writePrivately } from './emulator-state.ts';

export const STACK = 'tidemark-local';

type Outputs = { readonly Stream: string; readonly Bucket: string; readonly MigrateFunction: string };

/** Bootstraps the emulated account, deploys the stack, and brings the schema up to date. Repeating it deploys what has changed. */
export async function deploy(): Promise<void> {
  const emulator = runningEmulator();
  const { endpoint } = emulator;
  const aws = awsVariables(emulator);
  const environment = { ...cleanEnvironment(), ...aws, ...platformVariables(emulator), CDK_HOME: join(emulatorFolder(), 'cdk') };
  const outputsFile = join(emulatorFolder(), 'outputs.json');
  const output = ['--output', join(emulatorFolder(), 'cdk.out')];
  await cdk(['bootstrap', 'aws://000000000000/eu-west-1', ...output], environment);
  await writeSecret(endpoint, storePassword());
  await cdk(['deploy', STACK, '--require-approval', 'never', '--progress', 'bar', '--outputs-file', outputsFile, ...output], environment);
  const outputs = (JSON.parse(readFileSync(outputsFile, 'utf8')) as { readonly [STACK]: Outputs })[STACK];
  await invoke(endpoint, outputs.MigrateFunction);
  const lines = Object.entries({ ...aws, TIDEMARK_STREAM: outputs.Stream, TIDEMARK_BUCKET: outputs.Bucket });
  writePrivately(DEPLOYED_FILE, lines.map(([name, value]) => `${name}=${value}\n`).join(''));
  console.log('deployed; the schedule fires at the next full minute. Live trades: npm run emulator:collect. Logs: npm run logs');
}

async function writeSecret(endpoint: string, password: string): Promise<void> {
  const target = (action: string) => ({ service: 'secretsmanager', action: `secretsmanager.${action}` });
  const { status } = await call(endpoint, target('DescribeSecret'), { SecretId: STORE_SECRET });
  if (status === 200) await must(call(endpoint, target('PutSecretValue'), { SecretId: STORE_SECRET, SecretString: password }));
  else await must(call(endpoint, target('CreateSecret'), { Name: STORE_SECRET, SecretString: password }));
}

async function must(answer: ReturnType<typeof call>): Promise<void> {
  const { status, text } = await answer;
  if (status !== 200) throw new Error(`the emulator answered ${status}: ${text}`);
}

/** The schema's function, as the deploy on AWS calls it by itself. */
async function invoke(endpoint: string, name: string): Promise<void> {
  const response = await fetch(`${endpoint}/2015-03-31/functions/${name}/invocations`, {
    method: 'POST',
    body: '{}',
    signal: AbortSignal.timeout(120_000),
  });
  const text = await response.text();
  if (response.status !== 200 || response.headers.has('x-amz-function-error'))
    throw new Error(`${name} failed (${response.status}): ${text}`);
  console.log(`schema: ${text}`);
}

/** cdklocal is the CDK with one more guard: it works against an emulator only. */
async function cdk(args: readonly string[], environment: Variables): Promise<void> {
  const variables = { ...environment, AWS_ENVAR_ALLOWLIST: 'AWS_REGION,AWS_DEFAULT_REGION', CDK_DISABLE_CLI_TELEMETRY: 'true' };
  const child = spawn('cdklocal', [...args, '--no-notices', '--ci'], { cwd: ROOT, env: variables, stdio: 'inherit' });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new Error(`cdklocal ${args[0]} ended with ${code}`);
}
