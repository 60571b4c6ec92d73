import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { loadConfig } from '#config/load.ts';
import { ConfigError, ExchangeError, SinkError, StoreError } from '#core/errors.ts';
import { LINE_LEVELS } from '#core/service-line.ts';
import { TIMEFRAMES } from '#core/timeframe.ts';
import { createConsoleOutput } from '#local/console-output.ts';
import {
  parseExchangeOption,
  parseFolder,
  parsePort,
  parseWholeNumber,
  parseSpeed,
  parseSymbolOption,
  refuseRepeatedOptions,
} from '#local/options.ts';
import { projectFile } from '#local/project-files.ts';
import { parseTimeOption } from '#local/replay-plan.ts';
import type { ServiceContext } from '#local/service-context.ts';
import { createStopSignal } from '#local/stop-signal.ts';

type CommonFlags = { readonly data: string; readonly config: string; readonly logLevel: 'debug' | 'info' | 'warn' | 'error' };

/** Runs one command line; resolves with the exit code: 0 good, 1 failure of the outside, 2 bad use or bad input. */
export async function main(argv: readonly string[]): Promise<number> {
  // A reader that goes away (`| head`) is no error of ours.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => endWithoutOutput(stream, error));
  if (existsSync('.env')) process.loadEnvFile('.env');
  let exitCode = 0;
  const program = createProgram((code) => void (exitCode = code));
  try {
    refuseRepeatedOptions(argv.slice(2));
    await program.parseAsync([...argv]);
    return exitCode;
  } catch (error) {
    return report(error);
  }
}

function endWithoutOutput(stream: NodeJS.WriteStream, { code }: NodeJS.ErrnoException): never {
  if (code === 'EPIPE') process.exit(0);
  if (stream === process.stdout) process.stderr.write(`tidemark: the output cannot be written (${code})\n`);
  process.exit(1);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const isKnown =
    error instanceof ConfigError || error instanceof ExchangeError || error instanceof StoreError || error instanceof SinkError;
  if (!isKnown) throw error;
  for (const line of error.message.split('\n')) process.stderr.write(`tidemark: ${line}\n`);
  return error instanceof ConfigError ? 2 : 1;
}

/** Each command loads its own part of the platform, so that a refusal costs no more than reading the line. */
function createProgram(finish: (exitCode: number) => void): Command {
  const program = new Command('tidemark').description('Crypto market data you can prove').exitOverride();
  program.configureOutput({ outputError: (text, write) => write(usageError(text)) });

  // What goes wrong outside is said in plain words on the console and the page; the log is for what should never happen.
  common(program.command('start'), 'Run the whole platform: exchange, sync, indicators, store and page', 'error')
    .addOption(from())
    .addOption(
      new Option('--until <time>', 'last tick, ISO time on a whole minute; then the process ends').argParser((text) =>
        parseTimeOption('--until', text),
      ),
    )
    .addOption(
      new Option('--speed <n>', 'virtual seconds in a real second, or max').default(60).argParser((text) => parseSpeed(text, true)),
    )
    .addOption(recordings())
    .addOption(port('--port <n>', 'port of the page', 8420))
    .addOption(port('--store-port <n>', 'port of the store endpoint', 8123))
    .option('--live', 'real exchanges instead of recorded ones', false)
    .option('--fresh', 'remove what earlier runs stored', false)
    .option('--json', 'end stdout with one line of JSON: the report', false)
    .action(async (flags) => {
      if (flags.live && flags.from !== undefined)
        throw new ConfigError('--from is for replays, expected without --live; remove one of the two');
      const { start } = await import('#local/start.ts');
      const { report: result, exitCode } = await start(
        {
          fromMs: flags.from ?? null,
          untilMs: flags.until ?? null,
          speed: flags.speed,
          dataDirectory: flags.data,
          recordingsDirectory: flags.recordings,
          pagePort: flags.port,
          storePort: flags.storePort,
          isLive: flags.live,
          isFresh: flags.fresh,
          logLevel: flags.logLevel,
        },
        contextOf(flags, flags.json ? process.stderr : process.stdout),
      );
      if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
      finish(exitCode);
    });

  addServices(program, finish);
  addRebuild(program, finish);
  addSql(program);
  addCost(program);
  addDoctor(program, finish);
  addLogs(program);
  return program;
}

/** Each runs alone in a terminal of its own. */
function addServices(program: Command, finish: (exitCode: number) => void): void {
  common(program.command('exchange'), 'Only the recorded exchange')
    .addOption(from())
    .addOption(new Option('--speed <n>', 'virtual seconds in a real second').default(60).argParser((text) => parseSpeed(text, false)))
    .addOption(recordings())
    .addOption(new Option('--now', 'the recording happens now, moved by whole hours, in real time').default(false).conflicts('speed'))
    .action(async (flags) => {
      const { runExchangeService } = await import('#local/exchange-service.ts');
      const replay = { recordingsDirectory: flags.recordings, fromMs: flags.from ?? null, speed: Number(flags.speed), isNow: flags.now };
      await runExchangeService({ ...serviceOptions(flags), ...replay }, contextOf(flags, process.stdout));
    });

  common(program.command('store'), 'Only the store, for ClickHouse clients and services in other terminals')
    .addOption(port('--store-port <n>', 'port of the store endpoint', 8123))
    .option('--live', 'drop candles after their time to live, as a store of live data does', false)
    .action(async (flags) => {
      const { runStoreService } = await import('#local/store-service.ts');
      await runStoreService({ ...serviceOptions(flags), port: flags.storePort, isLive: flags.live }, contextOf(flags, process.stdout));
    });

  for (const service of ['sync', 'indicators'] as const) {
    common(program.command(service), `Only the ${service} service, over "tidemark store" and "tidemark exchange" in other terminals`)
      .option('--live', 'real exchanges instead of a recorded one', false)
      .option('--once', 'one tick, then the end', false)
      .action(async (flags) => {
        const { runTickService } = await import('#local/tick-service.ts');
        const options = { ...serviceOptions(flags), service, isLive: flags.live, isOnce: flags.once };
        finish(await runTickService(options, contextOf(flags, process.stdout)));
      });
  }

  addCollect(program, finish);
}

function addCollect(program: Command, finish: (exitCode: number) => void): void {
  common(
    program.command('collect'),
    'Only the collector of live trades, over "tidemark exchange" in another terminal or the real exchanges',
  )
    .option('--live', 'real exchanges instead of a recorded one', false)
    .addOption(
      new Option('--seconds <n>', 'end after so many seconds; default: until it is stopped').argParser((text) =>
        // A timer counts to 2^31 ms.
        parseWholeNumber('--seconds', text, 1, 2_147_483),
      ),
    )
    .action(async (flags) => {
      const { runCollectService } = await import('#local/collect-service.ts');
      const options = { ...serviceOptions(flags), isLive: flags.live, seconds: flags.seconds ?? null };
      finish(await runCollectService(options, contextOf(flags, process.stdout)));
    });
}

function addCost(program: Command): void {
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

function addDoctor(program: Command, finish: (exitCode: number) => void): void {
  common(
    program.command('doctor'),
    'Look at what a deployment needs: exchanges, clocks, region, store, cache; exit code 1 when something will not work',
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

function addLogs(program: Command): void {
  const services = ['sync', 'indicators', 'collector', 'archive', 'migrate'] as const;
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

function addSql(program: Command): void {
  common(program.command('sql'), 'Query the store, whether the platform is running or not (reading only)')
    .argument('<query>', 'one SELECT, SHOW, DESCRIBE, EXPLAIN or EXISTS statement')
    .addOption(new Option('--format <name>', "one of ClickHouse's output formats").default('PrettyCompactMonoBlock', 'a table'))
    .action(async (query: string, flags) => {
      const { runSql } = await import('#local/sql.ts');
      const write = (text: string): void => void process.stdout.write(text);
      await runSql({ query, format: flags.format, dataDirectory: flags.data }, configOf(flags), write);
    });
}

function addRebuild(program: Command, finish: (exitCode: number) => void): void {
  common(program.command('rebuild'), 'Candles from archived trades, or where the store differs from them (reading only)')
    .addOption(
      new Option('--archive <dir>', 'folder of the archive; default: the one of streaming.yaml').argParser((text) =>
        parseFolder('--archive', text),
      ),
    )
    .addOption(new Option('--exchange <name>', 'exchange').argParser(parseExchangeOption).makeOptionMandatory())
    .addOption(new Option('--symbol <name>', 'market, such as BTC/USDT').argParser(parseSymbolOption).makeOptionMandatory())
    .addOption(time('--from <time>', 'first open time, ISO time on a whole step'))
    .addOption(time('--until <time>', 'end, exclusive'))
    .addOption(new Option('--timeframe <name>', 'length of a candle').choices(TIMEFRAMES).default('1m' as const))
    .addOption(new Option('--format <name>', 'how to print').choices(['csv', 'ndjson'] as const).default('csv' as const))
    .option('--compare', 'print where the store differs; exit code 1 when it does', false)
    .action(async (flags) => {
      const { archiveOf, runRebuild } = await import('#local/rebuild.ts');
      const { exchange, symbol, from: fromMs, until: untilMs, timeframe, format, compare: isComparing, data: dataDirectory } = flags;
      const config = configOf(flags);
      const options = { exchange, symbol, fromMs, untilMs, timeframe, format, isComparing, dataDirectory };
      const storage = archiveOf(config, flags.archive ?? null, dataDirectory);
      const output = {
        write: (text: string) => void process.stdout.write(text),
        warn: (line: string) => void process.stderr.write(`${line}\n`),
      };
      finish(await runRebuild(options, storage, config, output));
    });
}

/** One line like all others, with the way to the help of the command that was meant. */
function usageError(text: string): string {
  const problem = text
    .replace(/^error: /, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const command = COMMANDS.find((name) => name === process.argv[2]);
  return `tidemark: ${problem.replace(/\.$/, '')}; "tidemark ${command === undefined ? '' : `${command} `}--help" lists what there is\n`;
}

const COMMANDS = ['start', 'exchange', 'store', 'sync', 'indicators', 'collect', 'rebuild', 'sql', 'cost', 'doctor', 'logs'] as const;

function common(command: Command, description: string, logLevel: CommonFlags['logLevel'] = 'warn') {
  return command
    .description(description)
    .exitOverride()
    .addOption(folder('--data <dir>', 'folder for everything that is stored', '.tidemark'))
    .addOption(folder('--config <dir>', 'folder of the configuration', projectFile('config')))
    .addOption(
      new Option('--log-level <level>', 'lines of JSON on stderr').choices(['debug', 'info', 'warn', 'error'] as const).default(logLevel),
    );
}

const from = () =>
  new Option('--from <time>', 'first tick, ISO time on a whole minute; default: goes on, or the start of the recording').argParser((text) =>
    parseTimeOption('--from', text),
  );
const time = (flags: '--from <time>' | '--until <time>', description: string) =>
  new Option(flags, description).argParser((text) => parseTimeOption(flags.slice(0, flags.indexOf(' ')), text)).makeOptionMandatory();
const recordings = () => folder('--recordings <dir>', 'folder of the recording (docs/recordings.md)', projectFile('recordings'));
const folder = (flags: string, description: string, value: string) =>
  new Option(flags, description).default(parseFolder('', value), value).argParser((text) => parseFolder(flags.split(' ')[0] ?? '', text));
const port = (flags: string, description: string, value: number) =>
  new Option(flags, description).default(value).argParser((text) => parsePort(flags.split(' ')[0] ?? '', text));

function serviceOptions(flags: CommonFlags) {
  return { dataDirectory: flags.data, logLevel: flags.logLevel };
}

function configOf({ config }: Pick<CommonFlags, 'config'>) {
  // One line, where each of the files would have its own.
  if (statSync(config, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new ConfigError(`--config "${config}" is not a folder, expected the folder of the configuration files; correct it`);
  return loadConfig(config, process.env);
}

function contextOf(flags: CommonFlags, stream: NodeJS.WriteStream): ServiceContext {
  return {
    config: configOf(flags),
    output: createConsoleOutput(stream, () => performance.now()),
    signal: createStopSignal(),
    log: (line) => void process.stderr.write(`${line}\n`),
  };
}
