import type { Config } from '#config/load.ts';

/** Variables of a function or container: values of configuration, and names of secrets, never a secret. */
export type ServiceEnvironment = Readonly<Record<string, string>>;

/** How the services reach a store or cache. */
export type Endpoint = {
  readonly url: string;
  readonly username: string;
  /** Name or ARN of the secret with its password; undefined when it has none. */
  readonly passwordSecret: string | undefined;
};

/**
 * The overrides of the deployer's environment, so that the services see the same configuration as the templates were made from. What is
 * about the deployment itself stays here.
 */
export function overridesOf(environment: Readonly<Record<string, string | undefined>>): ServiceEnvironment {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      name.startsWith('TIDEMARK_') && !name.startsWith('TIDEMARK_DEPLOYMENT__') && value !== undefined ? [[name, value]] : [],
    ),
  );
}

export function storeEnvironment(config: Config, { url, username, passwordSecret }: Endpoint): ServiceEnvironment {
  return {
    TIDEMARK_DATABASES__CLICKHOUSE__MODE: 'http',
    TIDEMARK_DATABASES__CLICKHOUSE__URL: url,
    TIDEMARK_DATABASES__CLICKHOUSE__USERNAME: username,
    ...(passwordSecret === undefined ? {} : { [`${config.databases.clickhouse.passwordEnv}_SECRET`]: passwordSecret }),
  };
}

export function cacheEnvironment(config: Config, { url, username, passwordSecret }: Endpoint): ServiceEnvironment {
  return {
    TIDEMARK_DATABASES__CACHE__PROVIDER: 'redis',
    TIDEMARK_DATABASES__CACHE__URL: url,
    // An empty text is no override: written as YAML.
    TIDEMARK_DATABASES__CACHE__USERNAME: username === '' ? "''" : username,
    ...(passwordSecret === undefined ? {} : { [`${config.databases.cache.passwordEnv}_SECRET`]: passwordSecret }),
  };
}

export function streamEnvironment(streamName: string): ServiceEnvironment {
  return { TIDEMARK_STREAMING__STREAM__PROVIDER: 'kinesis', TIDEMARK_STREAMING__STREAM__NAME: streamName };
}

export function archiveEnvironment(bucketName: string): ServiceEnvironment {
  return { TIDEMARK_STREAMING__ARCHIVE__PROVIDER: 's3', TIDEMARK_STREAMING__ARCHIVE__BUCKET: bucketName };
}
