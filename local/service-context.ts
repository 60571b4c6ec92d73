import type { Config } from '#config/load.ts';
import type { HostPartsOptions } from '#factories/host-parts.ts';
import type { ConsoleOutput } from './console-output.ts';

/** What every long-running command gets from the command line. */
export type ServiceContext = {
  readonly config: Config;
  readonly output: ConsoleOutput;
  /** Aborts when the command is to end. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
};

export type ServiceOptions = { readonly dataDirectory: string; readonly logLevel: NonNullable<HostPartsOptions['level']> };
