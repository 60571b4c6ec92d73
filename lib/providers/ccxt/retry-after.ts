const LONGEST_MS = 3 * 86_400_000;

/**
 * What a `Retry-After` header asks for, ms from `nowMs` (the server's time when it told one): seconds, or a date of HTTP. Undefined for
 * what is neither, lies in the past or goes beyond three days, the longest ban that any of the exchanges announces: then the caller's
 * own pause holds.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const waitMs = /^\d{1,12}$/.test(text) ? Number(text) * 1000 : dateMs(text) - nowMs;
  return waitMs >= 0 && waitMs <= LONGEST_MS ? waitMs : undefined;
}

/** NaN for anything that is not written as HTTP writes dates: `Date.parse` takes "-5" and "2" for years. */
function dateMs(text: string): number {
  return /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text) ? Date.parse(text) : Number.NaN;
}
