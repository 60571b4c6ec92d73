import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { loadConfig } from '#config/load.ts';
import { ConfigError } from '#core/errors.ts';
import { createPlatform } from '#infra/platform.ts';
import { stageOf } from '#infra/stage.ts';

// The CDK's entry (cdk.json): `npx cdk synth`, `npx cdk deploy --all`, `npx cdklocal deploy`.
try {
  const app = new App();
  const config = loadConfig(join(import.meta.dirname, '../config'), process.env);
  createPlatform(app, config, {
    stage: stageOf(app.node.tryGetContext('stage') as string | undefined, process.env['AWS_ENDPOINT_URL']),
    environment: process.env,
  });
  app.synth();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  for (const line of error.message.split('\n')) console.error(`cdk: ${line}`);
  process.exitCode = 2;
}
