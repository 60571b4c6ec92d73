import { LINE_LEVELS, type LineFilter, type ServiceLine } from '#core/service-line.ts';

/** What Lambda itself says of each call, in either of its two log formats; and what Node says once. */
const PLATFORM_LINE = /^(START|END|REPORT|INIT_START|EXTENSION) |"type":\s*"platform\.|^\(node:\d+\)|^\(Use `node --trace-/;

/** The line in `text`, null for what the platform says about itself. `service` is whose log it stood in, `atMs` when it was taken in. */
export function parseServiceLine(text: string, service: string, atMs: number): ServiceLine | null {
  if (text.trim() === '' || PLATFORM_LINE.test(text)) return null;
  const { time, level, service: ownService, event, exchange, ...facts } = objectIn(text) ?? {};
  const known = LINE_LEVELS.find((one) => one === level);
  const timeMs = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  if (known === undefined || typeof event !== 'string' || Number.isNaN(timeMs))
    return { timeMs: atMs, level: 'error', service, event: text, exchange: null, facts: {} };
  return {
    timeMs,
    level: known,
    service: typeof ownService === 'string' ? ownService : service,
    event,
    exchange: typeof exchange === 'string' ? exchange : null,
    facts,
  };
}

/** A filter by exchange leaves out what is about none. */
export function isWanted({ level, exchange }: ServiceLine, filter: LineFilter): boolean {
  return LINE_LEVELS.indexOf(level) >= LINE_LEVELS.indexOf(filter.level) && (filter.exchange === null || filter.exchange === exchange);
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  if (!text.startsWith('{')) return null;
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
}
