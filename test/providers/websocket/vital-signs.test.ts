import { describe, expect, test } from 'vitest';
import { createVitalSigns } from '#providers/websocket/vital-signs.ts';
import { virtualTime } from './virtual-time.ts';

/** A peer that answers every ping, as a TCP stack or a proxy in front of a dead exchange does. */
function answeredPeer(heartbeatTimeoutMs: number | null) {
  const time = virtualTime();
  const dead: string[] = [];
  const vitals = createVitalSigns({
    timer: time.timer,
    heartbeatTimeoutMs,
    ping(onSent) {
      onSent();
      time.timer.after(20, () => vitals.sawFrame());
    },
    onDead: (cause, reason) => dead.push(`${cause}: ${reason}`),
  });
  vitals.begin();
  return { time, dead, vitals };
}

describe('a peer that answers pings', () => {
  test('and sends no heartbeat is dead after the time of its exchange, once anything is subscribed', () => {
    const { time, dead, vitals } = answeredPeer(10_000);
    time.advance(30_000);
    vitals.check(false);
    expect(dead).toEqual([]);
    vitals.sawText();
    time.advance(9999);
    vitals.check(true);
    expect(dead).toEqual([]);
    time.advance(1);
    vitals.check(true);
    expect(dead).toEqual(['stalled: no heartbeat and no data within 10000 ms']);
  });

  test('lives without heartbeats where the exchange has none', () => {
    const { time, dead, vitals } = answeredPeer(null);
    time.advance(3_600_000);
    vitals.check(true);
    expect(dead).toEqual([]);
  });

  test('is dead at ten unreadable frames within a minute, not at nine, nor at more over a longer time', () => {
    const { time, dead, vitals } = answeredPeer(null);
    for (let frame = 0; frame < 9; frame++) vitals.sawGarbage();
    time.advance(60_000);
    for (let frame = 0; frame < 9; frame++) vitals.sawGarbage();
    expect(dead).toEqual([]);
    vitals.sawGarbage();
    expect(dead).toEqual(['garbage: 10 unreadable frames within a minute']);
  });

  test('is not asked any more after the stop', () => {
    const { time, dead, vitals } = answeredPeer(null);
    time.advance(12_000);
    vitals.stop();
    time.advance(60_000);
    expect([dead, time.pending()]).toEqual([[], 0]);
  });
});
