import { resolve } from 'node:path';
import { ConfigError } from '#core/errors.ts';
import { EXCHANGES, isExchange, type Exchange } from '#core/exchange.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';

const MAX_SPEED = 100_000;
const SHOWN_LENGTH = 80;

/** A value for a message: in quotes, on one line, short. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}...` : text);
}

/** `60`, `0.5`, or `max` where it is allowed. Throws `ConfigError`. */
export function parseSpeed(text: string, mayBeMax: true): number | 'max';
export function parseSpeed(text: string, mayBeMax: false): number;
export function parseSpeed(text: string, mayBeMax: boolean): number | 'max' {
  if (text === 'max' && mayBeMax) return 'max';
  const speed = /^\d{1,6}(?:\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (speed > 0 && speed <= MAX_SPEED) return speed;
  throw new ConfigError(
    `--speed "${text}" is not a speed, expected a number above 0 and up to ${MAX_SPEED}${mayBeMax ? ', or max' : ''}; correct it`,
  );
}

/** A TCP port; 0 takes a free one. Throws `ConfigError` naming the option. */
export function parsePort(option: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new ConfigError(`${option} ${quoted(text)} is not a port, expected an integer from 0 to 65535 (0 takes a free one); correct it`);
}

/** One of the exchanges. Throws `ConfigError`. */
export function parseExchangeOption(text: string): Exchange {
  if (isExchange(text)) return text;
  throw new ConfigError(`--exchange ${quoted(text)} is not an exchange, expected one of ${EXCHANGES.join(', ')}; correct it`);
}

/** `BTC/USDT`. Throws `ConfigError`. */
export function parseSymbolOption(text: string): MarketSymbol {
  const symbol = parseMarketSymbol(text);
  if (symbol !== undefined) return symbol;
  throw new ConfigError(`--symbol ${quoted(text)} is not a market, expected BASE/QUOTE in capitals such as BTC/USDT; correct it`);
}

/** A whole number within limits. Throws `ConfigError` naming the option. */
export function parseWholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new ConfigError(`${option} ${quoted(text)} is not such a number, expected a whole one from ${least} to ${most}; correct it`);
}

/** An absolute path. Throws `ConfigError` for a text that names nothing, or one that would break a message's line. */
export function parseFolder(option: string, text: string, noun: 'folder' | 'file' = 'folder'): string {
  const problem = text.trim() === '' ? `the name of a ${noun}` : hasControlCharacter(text) ? 'one without control characters' : null;
  if (problem !== null) throw new ConfigError(`${option} ${quoted(text)} is not a path, expected ${problem}; correct it`);
  return resolve(text);
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\u007F');
}

/** Of an option that is given twice nobody can know which one was meant. Throws `ConfigError`. */
export function refuseRepeatedOptions(args: readonly string[]): void {
  const seen = new Set<string>();
  for (const arg of args) {
    if (arg === '--') return;
    const option = /^--[a-z][a-z-]*(?==|$)/.exec(arg)?.[0];
    if (option === undefined) continue;
    if (seen.has(option)) throw new ConfigError(`${option} is given twice, expected once; remove one`);
    seen.add(option);
  }
}
