import type { ServiceLine } from '#core/service-line.ts';

/** One readable line: `21:59:13 info  sync kraken: synced tick=21:59 series=15 fetched=4215`. Zeros, nulls and false are left out. */
export function formatServiceLine({ timeMs, level, service, event, exchange, facts }: ServiceLine): string {
  const time = new Date(timeMs).toISOString().slice(11, 19);
  const who = exchange === null ? service : `${service} ${exchange}`;
  const told = Object.entries(facts).flatMap(([name, value]) => (isNothing(value) ? [] : [`${name}=${textOf(name, value)}`]));
  return [time, level.padEnd(5), `${who}:`, printable(event), ...told].join(' ');
}

function isNothing(value: unknown): boolean {
  return value === 0 || value === null || value === false || (Array.isArray(value) && value.length === 0);
}

function textOf(name: string, value: unknown): string {
  if (name === 'tick' && typeof value === 'string') return value.slice(11, 16);
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Names and messages come from outside: nothing of them may move the cursor. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}
