/** `2026-08-09T21:05:48.167634Z`: all that the readers below take is UTC. */
const MINUTE = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):$/;
const SECOND_AT = 17;
const DOT = 46;

/**
 * Makes a reader of RFC 3339 times in UTC (`Z`) with 0 to 9 fraction digits: text -> milliseconds since 1970, digits beyond the third cut
 * off, `undefined` for anything else. Fast for times of the same minute, which is what a live feed sends.
 */
export function createRfc3339Reader(): (text: unknown) => number | undefined {
  let minute = '';
  let minuteMs = 0;
  return (text) => {
    if (typeof text !== 'string' || text.length < 20 || text.length > 30) return undefined;
    if (!text.startsWith(minute) || minute === '') {
      const prefix = text.slice(0, SECOND_AT);
      const ms = readMinute(prefix);
      if (ms === undefined) return undefined;
      minute = prefix;
      minuteMs = ms;
    }
    const restMs = readSeconds(text);
    return restMs === undefined ? undefined : minuteMs + restMs;
  };
}

function readMinute(prefix: string): number | undefined {
  const match = MINUTE.exec(prefix);
  if (match === null) return undefined;
  const [year, month, day, hour, minute] = match.slice(1).map(Number) as [number, number, number, number, number];
  if (month < 1 || month > 12 || hour > 23 || minute > 59) return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minute);
  // The 30th of February is refused by going back: the engine takes it for a day of March.
  return new Date(ms).getUTCDate() === day ? ms : undefined;
}

/** `48Z` or `48.167634Z` at its place -> 48167. */
function readSeconds(text: string): number | undefined {
  const end = text.length - 1;
  const seconds = digit(text, SECOND_AT) * 10 + digit(text, SECOND_AT + 1);
  if (!(seconds < 60) || text[end] !== 'Z') return undefined;
  if (end === SECOND_AT + 2) return seconds * 1000;
  if (text.charCodeAt(SECOND_AT + 2) !== DOT || end === SECOND_AT + 3) return undefined;
  let ms = 0;
  let weight = 100;
  for (let at = SECOND_AT + 3; at < end; at++) {
    const value = digit(text, at);
    if (Number.isNaN(value)) return undefined;
    ms += value * weight;
    weight = weight === 1 ? 0 : weight / 10;
  }
  return seconds * 1000 + ms;
}

function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 48;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}
