import { existsSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { ConfigError, ExchangeError, SinkError, StoreError } from '#core/errors.ts';
import { parseSpeed, parseWholeNumber, refuseRepeatedOptions } from '#local/options.ts';
import { parseTimeOption } from '#local/replay-plan.ts';
import { common, contextOf, faults, fromOption, port, recordings, serviceOptions } from './common-flags.ts';
import { addCost, addDoctor, addLogs } from './deployment-commands.ts';
import { addAudit, addBackfill, addGaps, addRebuild, addSql } from './store-commands.ts';

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
    .addOption(fromOption())
    .addOption(
      new Option('--until <time>', 'last tick, ISO time on a whole minute; then the process ends').argParser((text) =>
        parseTimeOption('--until', text),
      ),
    )
    .addOption(
      new Option('--speed <n>', 'virtual seconds in a real second, or max').default(60).argParser((text) => parseSpeed(text, true)),
    )
    .addOption(recordings())
    .addOption(faults())
    .addOption(port('--port <n>', 'port of the page', 8420))
    .addOption(port('--store-port <n>', 'port of the store endpoint', 8123))
    .option('--live', 'real exchanges instead of recorded ones', false)
    .option('--fresh', 'remove what earlier runs stored', false)
    .option('--json', 'end stdout with one line of JSON: the report', false)
    .action(async (flags) => {
      if (flags.live && flags.from !== undefined)
        throw new ConfigError('--from is for replays, expected without --live; remove one of the two');
      if (flags.live && flags.faults !== undefined)
        throw new ConfigError('--faults is for recorded exchanges, expected without --live; remove one of the two');
      const { start } = await import('#local/start.ts');
      const { report: result, exitCode } = await start(
        {
          fromMs: flags.from ?? null,
          untilMs: flags.until ?? null,
          speed: flags.speed,
          dataDirectory: flags.data,
          recordingsDirectory: flags.recordings,
          faultsFile: flags.faults ?? null,
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
  addBackfill(program, finish);
  addRebuild(program, finish);
  addSql(program);
  addGaps(program);
  addAudit(program, finish);
  addCost(program);
  addDoctor(program, finish);
  addLogs(program);
  return program;
}

/** Each runs alone in a terminal of its own. */
function addServices(program: Command, finish: (exitCode: number) => void): void {
  common(program.command('exchange'), 'Only the recorded exchange')
    .addOption(fromOption())
    .addOption(new Option('--speed <n>', 'virtual seconds in a real second').default(60).argParser((text) => parseSpeed(text, false)))
    .addOption(recordings())
    .addOption(faults())
    .addOption(new Option('--now', 'the recording happens now, moved by whole hours, in real time').default(false).conflicts('speed'))
    .action(async (flags) => {
      const { runExchangeService } = await import('#local/exchange-service.ts');
      const replay = {
        recordingsDirectory: flags.recordings,
        faultsFile: flags.faults ?? null,
        fromMs: flags.from ?? null,
        speed: Number(flags.speed),
        isNow: flags.now,
      };
      await runExchangeService({ ...serviceOptions(flags), ...replay }, contextOf(flags, process.stdout));
    });

  common(program.command('store'), 'Only the store, for ClickHouse clients and services in other terminals')
    .addOption(port('--store-port <n>', 'port of the store endpoint', 8123))
    .option('--live', 'drop candles after their time to live, as a store of live data does', false)
    .action(async (flags) => {
      const { runStoreService } = await import('#local/store-service.ts');
      await runStoreService({ ...serviceOptions(flags), port: flags.storePort, isLive: flags.live }, contextOf(flags, process.stdout));
    });

  for (const service of ['sync', 'indicators', 'verify'] as const) {
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

/** One line like all others, with the way to the help of the command that was meant. */
function usageError(text: string): string {
  const problem = text
    .replace(/^error: /, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const command = COMMANDS.find((name) => name === process.argv[2]);
  return `tidemark: ${problem.replace(/\.$/, '')}; "tidemark ${command === undefined ? '' : `${command} `}--help" lists what there is\n`;
}

const COMMANDS = [
  'start',
  'exchange',
  'store',
  'sync',
  'indicators',
  'verify',
  'collect',
  'backfill',
  'rebuild',
  'sql',
  'gaps',
  'audit',
  'cost',
  'doctor',
  'logs',
] as const;
