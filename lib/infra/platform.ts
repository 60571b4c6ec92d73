import { Tags, Validations, type App } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Config } from '#config/load.ts';
import { checkRegion } from './region.ts';
import { overridesOf } from './service-environment.ts';
import type { Stage } from './stage.ts';
import { createAppStack } from './stacks/app-stack.ts';
import { createDataStack } from './stacks/data-stack.ts';
import { createLocalStack } from './stacks/local-stack.ts';
import { createNetworkStack } from './stacks/network-stack.ts';
import { createObservabilityStack } from './stacks/observability-stack.ts';

export type PlatformOptions = {
  readonly stage: Stage;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/** Context key of the local stage: the name of the secret with the store's password. */
const STORE_SECRET_CONTEXT = 'storeSecret';
const STORE_SECRET = 'tidemark-local-store';

/** The stacks of a stage. Nothing is looked up in any account. Throws `ConfigError` when the configuration cannot work. */
export function createPlatform(app: App, config: Config, { stage, environment }: PlatformOptions): void {
  Tags.of(app).add('application', 'tidemark');
  const overrides = overridesOf(environment);
  if (stage === 'local') {
    const storeSecret = String(app.node.tryGetContext(STORE_SECRET_CONTEXT) ?? STORE_SECRET);
    createLocalStack(app, config, { overrides, endpoint: environment['AWS_ENDPOINT_URL'], storeSecret });
    return;
  }
  checkRegion(config);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const props = { env: { region: config.deployment.region } };
  const network = createNetworkStack(app, config, props);
  const data = createDataStack(app, config, network, props);
  const services = createAppStack(app, config, { network, data, overrides }, props);
  createObservabilityStack(app, config, { app: services, data }, props);
}
