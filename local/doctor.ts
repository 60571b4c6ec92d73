import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '#config/load.ts';
import { PROFILE_PARTS } from '#core/deployment-profile.ts';
import { ExchangeError, SinkError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { QuotaReader } from '#core/ports/quota-reader.ts';
import { createCacheClient } from '#factories/cache-client.ts';
import { createExchangeRestApi } from '#factories/exchange-rest-api.ts';
import { createHostParts, type HostParts } from '#factories/host-parts.ts';
import { openQuotaReader } from '#factories/quota-reader.ts';
import { openTimeSeriesDb } from '#factories/time-series-db.ts';
import {
  accountFindings,
  bySeverity,
  exchangeFailure,
  exchangeFindings,
  good,
  quotaNeeds,
  quotasNotAsked,
  regionFindings,
  type Finding,
  type QuotaAnswer,
  type QuotaNeed,
} from '#usecases/diagnose.ts';
import { projectFile } from './project-files.ts';

export type DoctorOptions = {
  readonly region: string | null;
  readonly isJson: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

const SLOW_STORE_MS = 250;
const SLOW_CACHE_MS = 50;
const CACHE_KEY = 'doctor:probe';

/**
 * Looks at everything that a deployment needs and that can be looked at from here; prints what it found, the worst first. Resolves with the exit code:
 * 1 when something will not work, 0 otherwise. What cannot be looked at is named, and is no failure.
 */
export async function runDoctor(config: Config, options: DoctorOptions, write: (text: string) => void): Promise<0 | 1> {
  const parts = createHostParts('doctor', { level: 'error', write: () => {} });
  const exchanges = (Object.keys(config.exchanges) as Exchange[]).filter((exchange) => config.exchanges[exchange]?.enabled === true);
  const probes = await Promise.all([
    ...exchanges.map((exchange) => probeExchange(config, parts, exchange)),
    probeStore(config, parts, options.environment),
    probeCache(config, parts, options.environment),
    probeAccount(config, parts, exchanges.length, options),
    probeTools(config),
  ]);
  const findings = bySeverity([...probes.flat(), ...regionFindings(options.region, exchanges)]);
  const hasErrors = findings.some(({ severity }) => severity === 'error');
  write(options.isJson ? `${JSON.stringify({ healthy: !hasErrors, findings })}\n` : textOf(findings));
  return hasErrors ? 1 : 0;
}

/** The CDK is in the project; an engine for containers is needed only where the collector's image is built here. */
async function probeTools({ deployment }: Config): Promise<readonly Finding[]> {
  const node = good('node', `${process.version} on ${process.platform} ${process.arch}, brought by the project where it can`);
  if (deployment.collector.image !== 'docker') return [node];
  const check = 'container engine';
  try {
    const { stdout } = await promisify(execFile)('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 10_000 });
    return [node, good(check, `docker ${stdout.trim()} answers`)];
  } catch (error) {
    const fact = `deployment.collector.image is docker, and docker does not answer: ${messageOf(error).split('\n')[0]}`;
    return [node, { check, severity: 'error', fact, cure: 'start a Docker engine, or set collector.image to none' }];
  }
}

const CREDENTIALS = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];

/** What an account may have, asked of AWS where there are credentials. The answer shows too whether they are any good. */
async function probeAccount(
  { deployment, streaming }: Config,
  { timer }: HostParts,
  exchanges: number,
  { environment, region: given }: DoctorOptions,
): Promise<readonly Finding[]> {
  const { clickhouseInstance, ...parts } = PROFILE_PARTS[deployment.profile];
  const { mode, instanceType } = deployment.clickhouse;
  const needs = quotaNeeds({
    ...parts,
    exchanges,
    tasks: streaming.collector.enabled ? deployment.collector.tasks : 0,
    clickhouseInstance: mode !== 'ec2' ? null : instanceType === '' ? clickhouseInstance : instanceType,
  });
  const check = 'AWS credentials';
  const source = CREDENTIALS.find((one) => (environment[one] ?? '') !== '') ?? profileAtHome(environment);
  if (source === undefined) {
    const fact = 'none in the environment, and no .aws/credentials in the home folder';
    return [{ check, severity: 'unknown', fact, cure: 'only for a deployment: set AWS_PROFILE' }, quotasNotAsked(needs, 'no credentials')];
  }
  const region = given ?? deployment.region;
  const quotas = await openQuotaReader(region, { timer });
  try {
    return accountFindings(source, region, await Promise.all(needs.map((need) => answerOf(quotas, need))));
  } finally {
    quotas.close();
  }
}

/** Where the SDK looks when the environment says nothing; who signs in by SSO has AWS_PROFILE. */
function profileAtHome({ HOME: home = homedir() }: DoctorOptions['environment']): string | undefined {
  const file = join(home, '.aws/credentials');
  return existsSync(file) ? file : undefined;
}

async function answerOf(quotas: QuotaReader, need: QuotaNeed): Promise<QuotaAnswer> {
  try {
    return { need, allowed: await quotas.read(need.service, need.quota), failure: null };
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    return { need, allowed: null, failure: error };
  }
}

async function probeExchange(config: Config, parts: HostParts, exchange: Exchange): Promise<readonly Finding[]> {
  const { clock, timer } = parts;
  const api = createExchangeRestApi(config, exchange, { ...parts, environment: process.env });
  try {
    const startedAt = timer.monotonicMs();
    const { unavailable } = await api.loadMarkets(config.exchanges[exchange]?.symbols ?? []);
    const latencyMs = timer.monotonicMs() - startedAt;
    const serverMs = api.serverTimeMs();
    // Whole seconds on the wire: half of one is the best guess.
    const skewMs = serverMs === null ? null : serverMs + 500 - (clock.nowMs() - latencyMs / 2);
    return exchangeFindings({ exchange, latencyMs, skewMs, unavailable });
  } catch (error) {
    if (error instanceof ExchangeError) return [exchangeFailure({ exchange, code: error.code, message: error.message })];
    throw error;
  } finally {
    await api.close();
  }
}

async function probeStore(config: Config, { timer }: HostParts, environment: DoctorOptions['environment']): Promise<readonly Finding[]> {
  const check = 'ClickHouse';
  const { mode, url } = config.databases.clickhouse;
  if (mode === 'embedded') return [good(check, 'embedded: an engine of this project, nothing to reach')];
  try {
    const { db } = await openTimeSeriesDb(config, {
      timer,
      schemaDirectory: projectFile('schema/clickhouse'),
      storeDirectory: '',
      keepsForever: false,
      environment,
    });
    try {
      const startedAt = timer.monotonicMs();
      await db.storedExtents('kraken');
      const latencyMs = Math.round(timer.monotonicMs() - startedAt);
      const slow: Finding = {
        check,
        severity: 'warning',
        fact: `${url} took ${latencyMs} ms to answer`,
        cure: 'put it nearer, or give it more memory',
      };
      return [latencyMs > SLOW_STORE_MS ? slow : good(check, `${url} answers in ${latencyMs} ms and has the tables`)];
    } finally {
      await db.close();
    }
  } catch (error) {
    return [
      {
        check,
        severity: 'error',
        fact: messageOf(error),
        cure: 'see clickhouse in config/databases.yaml, and whether the schema was migrated',
      },
    ];
  }
}

async function probeCache(
  config: Config,
  { clock, timer }: HostParts,
  environment: DoctorOptions['environment'],
): Promise<readonly Finding[]> {
  const check = 'cache';
  if (config.databases.cache.provider === 'memory') return [good(check, 'in memory: nothing to reach')];
  const { url } = config.databases.cache;
  try {
    const cache = createCacheClient(config, { clock, timer, environment });
    try {
      // The first call connects.
      await cache.writeHashes([{ key: CACHE_KEY, fields: { at: String(clock.nowMs()) } }], 60);
      const startedAt = timer.monotonicMs();
      await cache.readHash(CACHE_KEY);
      const latencyMs = Math.round(timer.monotonicMs() - startedAt);
      const slow: Finding = { check, severity: 'warning', fact: `${url} took ${latencyMs} ms to answer`, cure: 'put it nearer' };
      return [latencyMs > SLOW_CACHE_MS ? slow : good(check, `${url} takes writes and answers in ${latencyMs} ms`)];
    } finally {
      await cache.close();
    }
  } catch (error) {
    return [{ check, severity: 'error', fact: messageOf(error), cure: 'see cache in config/databases.yaml' }];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const MARKS = { error: 'ERROR', warning: 'warning', unknown: 'unknown', good: 'good' } as const satisfies Record<
  Finding['severity'],
  string
>;

function textOf(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(
    ({ check, severity, fact, cure }) => `${MARKS[severity].padEnd(8)} ${check.padEnd(width)}  ${fact}${cure === '' ? '' : `; ${cure}`}`,
  );
  return `${lines.join('\n')}\n`;
}
