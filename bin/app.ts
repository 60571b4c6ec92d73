import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { loadConfig } from '#config/load.ts';
import { ConfigError } from '#core/errors.ts';
import { createPlatform } from '#infra/platform.ts';
import { stageOf } from '#infra/stage.ts';
import { deploymentCost } from '#local/cost.ts';

// The CDK's entry (cdk.json): `npx cdk synth`, `npx cdk deploy --all`, `npx cdklocal deploy`.
try {
  const app = new App();
  const configDirectory = join(import.meta.dirname, '../config');
  const config = loadConfig(configDirectory, process.env);
  const stage = stageOf(app.node.tryGetContext('stage') as string | undefined, process.env['AWS_ENDPOINT_URL']);
  createPlatform(app, config, { stage, environment: process.env });
  app.synth();
  // To stderr: what is synthesized may be read from stdout.
  if (stage === 'aws') console.error(`cost: ${deploymentCost(config, join(configDirectory, 'prices.yaml'))}`);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  for (const line of error.message.split('\n')) console.error(`cdk: ${line}`);
  process.exitCode = 2;
}
