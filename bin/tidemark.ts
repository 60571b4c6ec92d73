import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { loadConfig } from '#config/load.ts';
import { ConfigError, ExchangeError, StoreError } from '#core/errors.ts';
import { createConsoleOutput } from '#local/console-output.ts';
import { runExchangeService } from '#local/exchange-service.ts';
import { parsePort, parseSpeed } from '#local/options.ts';
import { projectFile } from '#local/project-files.ts';
import { parseTimeOption } from '#local/replay-plan.ts';
import type { ServiceContext } from '#local/service-context.ts';
import { runSql } from '#local/sql.ts';
import { start } from '#local/start.ts';
import { createStopSignal } from '#local/stop-signal.ts';
import { runStoreService } from '#local/store-service.ts';
import { runTickService } from '#local/tick-service.ts';

type CommonFlags = { readonly data: string; readonly config: string; readonly logLevel: 'debug' | 'info' | 'warn' | 'error' };

/** Runs one command line; resolves with the exit code: 0 good, 1 failure of the outside, 2 bad use or bad input. */
export async function main(argv: readonly string[]): Promise<number> {
  // A reader that goes away (`| head`) is no error of ours.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  if (existsSync('.env')) process.loadEnvFile('.env');
  let exitCode = 0;
  const program = createProgram((code) => void (exitCode = code));
  try {
    await program.parseAsync([...argv]);
    return exitCode;
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const isKnown = error instanceof ConfigError || error instanceof ExchangeError || error instanceof StoreError;
  if (!isKnown) throw error;
  for (const line of error.message.split('\n')) process.stderr.write(`tidemark: ${line}\n`);
  return error instanceof ConfigError ? 2 : 1;
}

function createProgram(finish: (exitCode: number) => void): Command {
  const program = new Command('tidemark').description('Crypto market data you can prove').exitOverride().showHelpAfterError('(tidemark --help lists the commands and options)');

  common(program.command('start'), 'Run the whole platform: exchange, sync, indicators, store and page')
    .addOption(from())
    .addOption(new Option('--until <time>', 'last tick, ISO time on a whole minute; then the process ends').argParser((text) => parseTimeOption('--until', text)))
    .addOption(new Option('--speed <n>', 'virtual seconds in a real second, or max').default(60).argParser((text) => parseSpeed(text, true)))
    .addOption(recordings())
    .addOption(port('--port <n>', 'port of the page', 8420))
    .addOption(port('--store-port <n>', 'port of the store endpoint', 8123))
    .option('--live', 'real exchanges instead of recorded ones', false)
    .option('--fresh', 'remove what earlier runs stored', false)
    .option('--json', 'end stdout with one line of JSON: the report', false)
    .action(async (flags) => {
      if (flags.live && flags.from !== undefined) throw new ConfigError('--from is for replays, expected without --live; remove one of the two');
      const { report: result, exitCode } = await start(
        {
          fromMs: flags.from ?? null,
          untilMs: flags.until ?? null,
          speed: flags.speed,
          dataDirectory: resolve(flags.data),
          recordingsDirectory: resolve(flags.recordings),
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

  common(program.command('exchange'), 'Only the recorded exchange')
    .addOption(from())
    .addOption(new Option('--speed <n>', 'virtual seconds in a real second').default(60).argParser((text) => parseSpeed(text, false)))
    .addOption(recordings())
    .action((flags) =>
      runExchangeService({ ...serviceOptions(flags), recordingsDirectory: resolve(flags.recordings), fromMs: flags.from ?? null, speed: Number(flags.speed) }, contextOf(flags, process.stdout)),
    );

  common(program.command('store'), 'Only the store, for ClickHouse clients and services in other terminals')
    .addOption(port('--store-port <n>', 'port of the store endpoint', 8123))
    .option('--live', 'drop candles after their time to live, as a store of live data does', false)
    .action((flags) => runStoreService({ ...serviceOptions(flags), port: flags.storePort, isLive: flags.live }, contextOf(flags, process.stdout)));

  for (const service of ['sync', 'indicators'] as const) {
    common(program.command(service), `Only the ${service} service, over "tidemark store" and "tidemark exchange" in other terminals`)
      .option('--live', 'real exchanges instead of a recorded one', false)
      .option('--once', 'one tick, then the end', false)
      .action(async (flags) => finish(await runTickService({ ...serviceOptions(flags), service, isLive: flags.live, isOnce: flags.once }, contextOf(flags, process.stdout))));
  }

  common(program.command('sql'), 'Query the store, whether the platform is running or not (reading only)')
    .argument('<query>', 'one SELECT, SHOW, DESCRIBE, EXPLAIN or EXISTS statement')
    .addOption(new Option('--format <name>', "one of ClickHouse's output formats").default('PrettyCompactMonoBlock', 'a table'))
    .action((query: string, flags) => runSql({ query, format: flags.format, dataDirectory: resolve(flags.data) }, loadConfig(resolve(flags.config), process.env), (text) => void process.stdout.write(text)));

  return program;
}

function common(command: Command, description: string) {
  return command
    .description(description)
    .exitOverride()
    .option('--data <dir>', 'folder for everything that is stored', '.tidemark')
    .option('--config <dir>', 'folder of the configuration', projectFile('config'))
    .addOption(new Option('--log-level <level>', 'lines of JSON on stderr').choices(['debug', 'info', 'warn', 'error'] as const).default('warn' as const));
}

const from = () => new Option('--from <time>', 'first tick, ISO time on a whole minute; default: goes on, or the start of the recording').argParser((text) => parseTimeOption('--from', text));
const recordings = () => new Option('--recordings <dir>', 'folder of the recording (docs/recordings.md)').default(projectFile('recordings'));
const port = (flags: string, description: string, value: number) => new Option(flags, description).default(value).argParser((text) => parsePort(flags.split(' ')[0] ?? '', text));

function serviceOptions(flags: CommonFlags) {
  return { dataDirectory: resolve(flags.data), logLevel: flags.logLevel };
}

function contextOf(flags: CommonFlags, stream: NodeJS.WriteStream): ServiceContext {
  return {
    config: loadConfig(resolve(flags.config), process.env),
    output: createConsoleOutput(stream, () => performance.now()),
    signal: createStopSignal(),
    log: (line) => void process.stderr.write(`${line}\n`),
  };
}
