import { isExchange, type Exchange } from './exchange.ts';

/** One scheduled run of a service for one exchange. `tickMs` is the whole minute that the schedule fired for, UTC ms. */
export type ScheduledTick = { readonly exchange: Exchange; readonly tickMs: number; readonly mode: 'tick' | 'catch-up' };

/** What a queue hands over: the message group is the exchange, the body the untouched EventBridge event. */
export type TickMessage = { readonly messageGroupId: string | undefined; readonly body: string };

/** Verify runs once an hour, so many minutes after it: away from the full hour, when every timeframe closes. */
export const VERIFY_AT_MINUTE = 7;

const MINUTE_MS = 60_000;

/**
 * Reads a message as a tick, or says in words why it is none. `detail.mode: "catch-up"` asks the indicators for all stored history;
 * anything else is a plain tick.
 */
export function parseTickMessage({ messageGroupId, body }: TickMessage): ScheduledTick | string {
  if (!isExchange(messageGroupId)) return `the message group "${messageGroupId}" is not an exchange`;
  const event = parseObject(body);
  if (event === null) return 'the body is not a JSON object';
  const timeMs =
    typeof event['time'] === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(event['time']) ? Date.parse(event['time']) : Number.NaN;
  if (Number.isNaN(timeMs)) return `the event's time "${String(event['time'])}" is not an ISO time`;
  const detail = event['detail'];
  const mode = typeof detail === 'object' && detail !== null && 'mode' in detail && detail.mode === 'catch-up' ? 'catch-up' : 'tick';
  return { exchange: messageGroupId, tickMs: Math.floor(timeMs / MINUTE_MS) * MINUTE_MS, mode };
}

/** The message that the schedule sends for a tick: what EventBridge and its queue make on AWS, and the laptop's scheduler here. */
export function tickMessage({ exchange, tickMs, mode }: ScheduledTick): TickMessage {
  const time = new Date(tickMs).toISOString().replace('.000Z', 'Z');
  const detail = mode === 'catch-up' ? { mode } : {};
  return {
    messageGroupId: exchange,
    body: JSON.stringify({ version: '0', source: 'aws.events', 'detail-type': 'Scheduled Event', time, detail }),
  };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
