import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { LINE_LEVELS } from '#core/service-line.ts';
import { parseExchangeOption, parseWholeNumber } from '#local/options.ts';
import { projectFile } from '#local/project-files.ts';
import { createStopSignal } from '#local/stop-signal.ts';
import { common, configOf } from './common-flags.ts';

export function addCost(program: Command): void {
  common(program.command('cost'), 'What a deployment on AWS costs a month, by part and market, and what would be cheaper')
    .addOption(new Option('--region <name>', 'region of AWS').default('eu-west-1'))
    .addOption(
      new Option('--profile <name>', 'how much of it is doubled')
        .choices(['starter', 'default', 'production'] as const)
        .default('default' as const),
    )
    .addOption(
      new Option('--clickhouse <host>', 'where the store runs')
        .choices(['ec2', 'cloud-basic', 'cloud-scale', 'external'] as const)
        .default('ec2' as const),
    )
    .addOption(
      new Option('--markets <n>', 'so many markets instead of those of config/exchanges.yaml').argParser((text) =>
        parseWholeNumber('--markets', text, 1, 100_000),
      ),
    )
    .option('--json', 'one line of JSON', false)
    .action(async (flags) => {
      const { printCost } = await import('#local/cost.ts');
      const { region, profile, clickhouse, markets = null, json: isJson } = flags;
      const pricesFile = join(flags.config, 'prices.yaml');
      printCost(configOf(flags), { region, profile, clickhouse, markets, isJson, pricesFile }, (text) => void process.stdout.write(text));
    });
}

export function addDoctor(program: Command, finish: (exitCode: number) => void): void {
  common(
    program.command('doctor'),
    'Look at what a deployment needs: exchanges, clocks, region, quotas, store, cache; exit code 1 when something will not work',
  )
    .option('--region <name>', 'region of AWS; default: AWS_REGION')
    .option('--json', 'one line of JSON', false)
    .action(async (flags) => {
      const { runDoctor } = await import('#local/doctor.ts');
      const region = flags.region ?? process.env['AWS_REGION'] ?? null;
      const options = { region, isJson: flags.json, environment: process.env };
      finish(await runDoctor(configOf(flags), options, (text) => void process.stdout.write(text)));
    });
}

export function addLogs(program: Command): void {
  const services = ['sync', 'indicators', 'verify', 'collector', 'archive', 'migrate'] as const;
  program
    .command('logs')
    .description('What the deployed services say, on AWS or at an emulator')
    .exitOverride()
    .addOption(new Option('--service <name>', 'only this one').choices(services))
    .addOption(new Option('--exchange <name>', 'only lines about this exchange').argParser(parseExchangeOption))
    .addOption(new Option('--level <level>', 'this and what is worse').choices(LINE_LEVELS).default('info' as const))
    .addOption(new Option('--since <minutes>', 'so far back').default(10).argParser((text) => parseWholeNumber('--since', text, 1, 20_160)))
    .option('--follow', 'go on until stopped', false)
    .option('--json', 'a line of JSON each', false)
    .action(async ({ service, exchange = null, level, since, follow, json }) => {
      const { printLogs, useDeployedEnvironment } = await import('#local/logs.ts');
      const endpoint = useDeployedEnvironment(projectFile('.env.deployed'), process.env);
      if (endpoint !== null) process.stderr.write(`tidemark: the logs of the emulator at ${endpoint}\n`);
      const options = { services: service === undefined ? services : [service], exchange, level, sinceMinutes: since };
      await printLogs({ ...options, isFollowing: follow, isJson: json }, createStopSignal(), (text) => void process.stdout.write(text));
    });
}
