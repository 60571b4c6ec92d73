import { describe, expect, test } from 'vitest';
import { createSendPacer } from '#providers/websocket/send-pacer.ts';
import { virtualTime } from './virtual-time.ts';

function paced(messagesPerSecond: number) {
  const time = virtualTime();
  const sentMs: number[] = [];
  const pacer = createSendPacer(messagesPerSecond, time.timer);
  const send = (count: number): void => {
    for (let message = 0; message < count; message++) pacer.send(() => sentMs.push(time.nowMs()));
  };
  return { time, sentMs, pacer, send };
}

describe('the pacer of messages', () => {
  test('sends the first at once and the others an interval apart', () => {
    const { time, sentMs, send } = paced(4);
    send(3);
    time.advance(1000);
    expect(sentMs).toEqual([0, 250, 500]);
    send(1);
    expect(sentMs.at(-1)).toBe(1000);
  });

  test('is twice as slow after a complaint, and silent for the pause', () => {
    const { time, sentMs, pacer, send } = paced(4);
    send(3);
    pacer.slowDown(2000);
    time.advance(5000);
    expect(sentMs).toEqual([0, 2000, 2500]);
  });

  test('drops what waits when it is stopped', () => {
    const { time, sentMs, pacer, send } = paced(4);
    send(3);
    pacer.stop();
    time.advance(5000);
    expect([sentMs, time.pending()]).toEqual([[0], 0]);
  });
});
