import type { ServerResponse } from 'node:http';
import type { Timer } from '#core/ports/timer.ts';
import type { SpoiledAnswer } from './answer-faults.ts';
import type { ConnectionRule } from './faulty-answer.ts';

const DRIP_MS = 300;

type Sending = {
  readonly isHead: boolean;
  readonly isRefusedMethod: boolean;
  readonly nowMs: number;
  /** Paces a body that drips; without it nothing can. */
  readonly timer: Timer | undefined;
};

/** Writes the answer, as badly as the rule wants. Connections that are left hanging end with the server. */
export function sendAnswer(response: ServerResponse, answer: SpoiledAnswer, rule: ConnectionRule | undefined, sending: Sending): void {
  if (rule?.mode === 'reset' || rule?.mode === 'outage') return void response.socket?.resetAndDestroy();
  if (rule?.mode === 'stall_headers') return;
  const body = Buffer.from(answer.body);
  // Node would stamp the machine's time.
  response.sendDate = false;
  response.writeHead(answer.status, {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    Date: new Date(sending.nowMs).toUTCString(),
    ...(sending.isRefusedMethod ? { Allow: 'GET, HEAD' } : {}),
    ...answer.headers,
  });
  if (sending.isHead) return void response.end();
  sendBody(response, body, rule, sending.timer);
}

function sendBody(response: ServerResponse, body: Buffer, rule: ConnectionRule | undefined, timer: Timer | undefined): void {
  const atByte = Math.min(rule?.atByte ?? Math.floor(body.length / 2), body.length);
  if (rule === undefined) response.end(body);
  else if (rule.mode === 'cut') response.write(body.subarray(0, atByte), () => response.socket?.resetAndDestroy());
  else if (rule.mode === 'drip') drip(response, body, 0, timer);
  else {
    response.flushHeaders();
    response.write(body.subarray(0, atByte));
  }
}

/** One byte at a time: slow enough that no body ends within a deadline, never so slow that a connection looks idle. */
function drip(response: ServerResponse, body: Buffer, from: number, timer: Timer | undefined): void {
  if (response.destroyed || timer === undefined) return;
  if (from >= body.length) return void response.end();
  response.write(body.subarray(from, from + 1));
  const cancel = timer.after(DRIP_MS, () => {
    response.off('close', cancel);
    drip(response, body, from + 1, timer);
  });
  response.once('close', cancel);
}
