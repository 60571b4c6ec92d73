import type { Exchange } from '#core/exchange.ts';
import { good, type Finding } from './finding.ts';

/** What asking an exchange has shown. Times ms. */
export type ExchangeProbe = {
  readonly exchange: Exchange;
  /** Until the answer was there. */
  readonly latencyMs: number;
  /** The exchange's clock less ours, half of the way taken into account; null when it did not say. */
  readonly skewMs: number | null;
  /** Symbols that it does not list or trade, with its own words. */
  readonly unavailable: readonly { readonly symbol: string; readonly reason: string }[];
};

export type ExchangeFailure = { readonly exchange: Exchange; readonly code: string; readonly message: string };

const SLOW_MS = 2000;
/** Beyond the first, minutes are closed late; beyond the second, our clock cannot decide what is closed. */
const SKEW_WARNING_MS = 2000;
const SKEW_ERROR_MS = 30_000;
const SHOWN_SYMBOLS = 5;

/** What an exchange that answered has to be told about. */
export function exchangeFindings({ exchange, latencyMs, skewMs, unavailable }: ExchangeProbe): readonly Finding[] {
  const check = `exchange ${exchange}`;
  const findings: Finding[] = [];
  if (latencyMs > SLOW_MS) {
    findings.push({
      check,
      severity: 'warning',
      fact: `it took ${Math.round(latencyMs)} ms to answer`,
      cure: 'choose a region nearer to it',
    });
  }
  const skew = Math.abs(skewMs ?? 0);
  if (skew > SKEW_WARNING_MS) {
    const fact = `its clock is ${Math.round(skewMs ?? 0)} ms ahead of ours`;
    findings.push({ check, severity: skew > SKEW_ERROR_MS ? 'error' : 'warning', fact, cure: 'set this machine\u2019s clock (NTP)' });
  }
  if (unavailable.length > 0) {
    const shown = unavailable.slice(0, SHOWN_SYMBOLS).map(({ symbol, reason }) => `${symbol} (${reason})`);
    const more = unavailable.length > SHOWN_SYMBOLS ? ` and ${unavailable.length - SHOWN_SYMBOLS} more` : '';
    findings.push({
      check,
      severity: 'warning',
      fact: `it has no market ${shown.join(', ')}${more}`,
      cure: 'remove them from config/exchanges.yaml',
    });
  }
  return findings.length > 0 ? findings : [good(check, `answers in ${Math.round(latencyMs)} ms, all configured markets are traded`)];
}

/** Why an exchange did not answer, and what helps. `code` is that of an `ExchangeError`. */
export function exchangeFailure({ exchange, code, message }: ExchangeFailure): Finding {
  const check = `exchange ${exchange}`;
  if (code === 'GEO_BLOCKED') {
    const cure =
      exchange === 'binance'
        ? 'deploy outside of the United States, or set rest_url to https://data-api.binance.vision and ws_url to wss://data-stream.binance.vision, or use binanceus'
        : 'deploy to a region that it serves';
    return { check, severity: 'error', fact: `it refuses addresses like this one: ${message}`, cure };
  }
  if (code === 'UNREACHABLE' || code === 'TIMEOUT') {
    return {
      check,
      severity: 'unknown',
      fact: `it cannot be reached from here: ${message}`,
      cure: 'run this where the deployment will run, or check the network',
    };
  }
  if (code === 'RATE_LIMITED' || code === 'BANNED') {
    return { check, severity: 'warning', fact: `it refuses for now: ${message}`, cure: 'wait, and see who else uses this address' };
  }
  return { check, severity: 'error', fact: message, cure: 'see what the exchange says of its interface today' };
}

const REGIONS = new Set(
  [
    'us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 ca-west-1 mx-central-1 sa-east-1',
    'eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3',
    'ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2',
    'ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7',
    'af-south-1 il-central-1 me-central-1 me-south-1',
  ].flatMap((line) => line.split(' ')),
);

/** Binance.com serves nobody in the United States; said before a deployment rather than after it. */
export function regionFindings(region: string | null, exchanges: readonly Exchange[]): readonly Finding[] {
  const check = 'region';
  if (region === null) {
    return [{ check, severity: 'unknown', fact: 'no region was named', cure: 'name it with --region, or set AWS_REGION' }];
  }
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) {
    return [{ check, severity: 'error', fact: `"${region}" is not the name of a region`, cure: 'write it like eu-west-1' }];
  }
  if (region.startsWith('us-') && exchanges.includes('binance')) {
    const cure = 'choose eu-west-1 or ap-northeast-1, or disable binance and take binanceus';
    return [{ check, severity: 'error', fact: `${region} is in the United States, where binance answers 451`, cure }];
  }
  if (!REGIONS.has(region)) {
    const cure = 'see whether the name is right, and whether the exchanges answer from there';
    return [{ check, severity: 'unknown', fact: `${region} is none of the regions that were known on 2026-11-23`, cure }];
  }
  return [good(check, `${region} suits ${exchanges.join(', ')}`)];
}
