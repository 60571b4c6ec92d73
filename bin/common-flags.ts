import { statSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { loadConfig } from '#config/load.ts';
import { ConfigError } from '#core/errors.ts';
import { createConsoleOutput } from '#local/console-output.ts';
import { parseFolder, parsePort } from '#local/options.ts';
import { projectFile } from '#local/project-files.ts';
import { parseTimeOption } from '#local/replay-plan.ts';
import type { ServiceContext } from '#local/service-context.ts';
import { createStopSignal } from '#local/stop-signal.ts';

export type CommonFlags = { readonly data: string; readonly config: string; readonly logLevel: 'debug' | 'info' | 'warn' | 'error' };

export function common(command: Command, description: string, logLevel: CommonFlags['logLevel'] = 'warn') {
  return command
    .description(description)
    .exitOverride()
    .addOption(folder('--data <dir>', 'folder for everything that is stored', '.tidemark'))
    .addOption(folder('--config <dir>', 'folder of the configuration', projectFile('config')))
    .addOption(
      new Option('--log-level <level>', 'lines of JSON on stderr').choices(['debug', 'info', 'warn', 'error'] as const).default(logLevel),
    );
}

export const fromOption = () =>
  new Option('--from <time>', 'first tick, ISO time on a whole minute; default: goes on, or the start of the recording').argParser((text) =>
    parseTimeOption('--from', text),
  );

export const time = (flags: '--from <time>' | '--until <time>' | '--to <time>', description: string) =>
  new Option(flags, description).argParser((text) => parseTimeOption(flags.slice(0, flags.indexOf(' ')), text)).makeOptionMandatory();

export const optionalTime = (flags: '--from <time>' | '--to <time>', description: string) =>
  new Option(flags, description).argParser((text) => parseTimeOption(flags.slice(0, flags.indexOf(' ')), text));

export const recordings = () => folder('--recordings <dir>', 'folder of the recording (docs/recordings.md)', projectFile('recordings'));

export const faults = () =>
  new Option('--faults <file>', 'a plan of what the recorded exchange does wrong (docs/faults.md)').argParser((text) =>
    parseFolder('--faults', text, 'file'),
  );

const folder = (flags: string, description: string, value: string) =>
  new Option(flags, description).default(parseFolder('', value), value).argParser((text) => parseFolder(flags.split(' ')[0] ?? '', text));

export const port = (flags: string, description: string, value: number) =>
  new Option(flags, description).default(value).argParser((text) => parsePort(flags.split(' ')[0] ?? '', text));

export function serviceOptions(flags: CommonFlags) {
  return { dataDirectory: flags.data, logLevel: flags.logLevel };
}

export function configOf({ config }: Pick<CommonFlags, 'config'>) {
  // One line, where each of the files would have its own.
  if (statSync(config, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new ConfigError(`--config "${config}" is not a folder, expected the folder of the configuration files; correct it`);
  return loadConfig(config, process.env);
}

export function contextOf(flags: CommonFlags, stream: NodeJS.WriteStream): ServiceContext {
  return {
    config: configOf(flags),
    output: createConsoleOutput(stream, () => performance.now()),
    signal: createStopSignal(),
    log: (line) => void process.stderr.write(`${line}\n`),
  };
}
