import { Option, type Command } from 'commander';
import { GAP_REASONS, GAP_STATES } from '#core/candle-gap.ts';
import { ConfigError } from '#core/errors.ts';
import { TIMEFRAMES } from '#core/timeframe.ts';
import { createConsoleOutput } from '#local/console-output.ts';
import { parseExchangeOption, parseFolder, parseSymbolOption, parseWholeNumber } from '#local/options.ts';
import { common, configOf, contextOf, optionalTime, serviceOptions, time } from './common-flags.ts';

export function addSql(program: Command): void {
  common(program.command('sql'), 'Query the store, whether the platform is running or not (reading only)')
    .argument('<query>', 'one SELECT, SHOW, DESCRIBE, EXPLAIN or EXISTS statement')
    .addOption(new Option('--format <name>', "one of ClickHouse's output formats").default('PrettyCompactMonoBlock', 'a table'))
    .action(async (query: string, flags) => {
      const { runSql } = await import('#local/sql.ts');
      const write = (text: string): void => void process.stdout.write(text);
      await runSql({ query, format: flags.format, dataDirectory: flags.data }, configOf(flags), write);
    });
}

export function addBackfill(program: Command, finish: (exitCode: number) => void): void {
  common(program.command('backfill'), 'Fetch candles of a past window that are not stored, and say of each that is missing why')
    .addOption(new Option('--exchange <name>', 'exchange').argParser(parseExchangeOption).makeOptionMandatory())
    .addOption(new Option('--symbol <name>', 'market, such as BTC/USDT').argParser(parseSymbolOption).makeOptionMandatory())
    .addOption(new Option('--timeframe <name>', 'length of a candle').choices(TIMEFRAMES).default('1m' as const))
    .addOption(time('--from <time>', 'first open time, ISO time on a whole step'))
    .addOption(time('--to <time>', 'end, exclusive; at most the newest closed candle'))
    .option('--live', 'real exchanges instead of a recorded one', false)
    .action(async (flags) => {
      const { runBackfill } = await import('#local/backfill.ts');
      const { exchange, symbol, timeframe, from: fromMs, to: untilMs, live: isLive } = flags;
      const options = { ...serviceOptions(flags), series: { exchange, symbol, timeframe }, fromMs, untilMs, isLive };
      finish(await runBackfill(options, contextOf(flags, process.stdout)));
    });
}

export function addRebuild(program: Command, finish: (exitCode: number) => void): void {
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

export function addAudit(program: Command, finish: (exitCode: number) => void): void {
  common(
    program.command('audit'),
    'Re-check everything that is stored: grid, prices, finality, gaps, roll-ups, trades, indicators; exit code 1 with findings',
  )
    .addOption(
      new Option('--sample <n>', 'so many of the newest candles of each series have their indicator values computed again')
        .default(300)
        .argParser((text) => parseWholeNumber('--sample', text, 1, 100_000)),
    )
    .addOption(
      new Option('--files <path>', 'recording files instead of the store: a file, or a folder with all below it')
        .conflicts(['data', 'config', 'sample'])
        .argParser((text) => parseFolder('--files', text)),
    )
    .option('--json', 'one line of JSON with all findings', false)
    .action(async (flags) => {
      if (flags.files !== undefined) {
        const { runAuditFiles } = await import('#local/audit-files.ts');
        const { status } = createConsoleOutput(process.stderr, () => performance.now());
        const write = (text: string): void => void process.stdout.write(text);
        finish(await runAuditFiles({ path: flags.files, isJson: flags.json }, { write, status }));
        return;
      }
      const { runAudit } = await import('#local/audit.ts');
      const options = { dataDirectory: flags.data, isJson: flags.json, sampleCandles: flags.sample };
      finish(await runAudit(configOf(flags), options, (text) => void process.stdout.write(text)));
    });
}

export function addGaps(program: Command): void {
  common(program.command('gaps'), 'List the ledger of gaps: which candles are missing, why, and how that is known')
    .addOption(new Option('--exchange <name>', 'only of this exchange').argParser(parseExchangeOption))
    .addOption(new Option('--symbol <name>', 'only of this market, such as BTC/USDT').argParser(parseSymbolOption))
    .addOption(new Option('--timeframe <name>', 'only of this timeframe').choices(TIMEFRAMES))
    .addOption(new Option('--reason <name>', 'only with this reason').choices(GAP_REASONS))
    .addOption(new Option('--state <name>', 'only in this state').choices(GAP_STATES))
    .addOption(optionalTime('--from <time>', 'only what reaches behind this time, ISO time'))
    .addOption(optionalTime('--to <time>', 'only what begins before this time, ISO time'))
    .addOption(
      new Option('--limit <n>', 'so many of the newest; default: 200, with --json all').argParser((text) =>
        parseWholeNumber('--limit', text, 1, 1_000_000),
      ),
    )
    .option('--all', 'also those whose candles came later', false)
    .option('--json', 'a line of JSON for each', false)
    .action(async (flags) => {
      const { runGaps } = await import('#local/gaps.ts');
      const { exchange = null, symbol = null, timeframe = null, reason = null, state = null, limit = null } = flags;
      const { from: fromMs = null, to: untilMs = null, all: isAll, json: isJson, data: dataDirectory } = flags;
      if (fromMs !== null && untilMs !== null && untilMs <= fromMs)
        throw new ConfigError('--to is not behind --from, expected a later time; correct one of them');
      const options = { exchange, symbol, timeframe, reason, state, fromMs, untilMs, limit, isAll, isJson, dataDirectory };
      await runGaps(options, configOf(flags), (text) => void process.stdout.write(text));
    });
}
