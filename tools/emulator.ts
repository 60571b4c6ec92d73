import { ConfigError } from '#core/errors.ts';
import { parsePort } from '#local/options.ts';

// `npm run emulator:up`, `emulator:deploy`, `emulator:collect`, `emulator:down` (docs/deploy.md).

const COMMANDS: Readonly<Record<string, () => Promise<void>>> = {
  async up() {
    const { up } = await import('./emulator/up.ts');
    await up(parsePort('EMULATOR_PORT', process.env['EMULATOR_PORT'] ?? '4566'), stopSignal());
  },
  async deploy() {
    const { deploy } = await import('./emulator/deploy.ts');
    await deploy();
  },
  async collect() {
    const { collect } = await import('./emulator/collect.ts');
    await collect(stopSignal());
  },
  async down() {
    const { down } = await import('./emulator/down.ts');
    await down();
  },
};

/** The end is bounded by what is ended, so a second signal changes nothing. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  return stop.signal;
}

const name = process.argv[2] ?? '';
const command = COMMANDS[name];
try {
  if (command === undefined)
    throw new ConfigError(`"${name}" is no command, expected one of ${Object.keys(COMMANDS).join(', ')}; correct it`);
  await command();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  for (const line of message.split('\n')) process.stderr.write(`emulator: ${line}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
