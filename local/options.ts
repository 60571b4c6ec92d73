import { ConfigError } from '#core/errors.ts';

const MAX_SPEED = 100_000;

/** `60`, `0.5`, or `max` where it is allowed. Throws `ConfigError`. */
export function parseSpeed(text: string, mayBeMax: true): number | 'max';
export function parseSpeed(text: string, mayBeMax: false): number;
export function parseSpeed(text: string, mayBeMax: boolean): number | 'max' {
  if (text === 'max' && mayBeMax) return 'max';
  const speed = /^\d{1,6}(?:\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (speed > 0 && speed <= MAX_SPEED) return speed;
  throw new ConfigError(`--speed "${text}" is not a speed, expected a number above 0 and up to ${MAX_SPEED}${mayBeMax ? ', or max' : ''}; correct it`);
}

/** A TCP port; 0 takes a free one. Throws `ConfigError` naming the option. */
export function parsePort(option: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new ConfigError(`${option} "${text}" is not a port, expected an integer from 0 to 65535 (0 takes a free one); correct it`);
}
