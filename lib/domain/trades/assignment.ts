import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';

/**
 * Which of `tasks` collectors (1 to `tasks`) holds a market: the one with the highest score for it. With one more task only the markets
 * that it takes over move, about one in `tasks + 1`; none moves between the others.
 */
export function taskOf(exchange: Exchange, symbol: MarketSymbol, tasks: number): number {
  let best = { task: 1, score: -1 };
  for (let task = 1; task <= tasks; task += 1) {
    const score = hash(`${task} ${exchange} ${symbol}`);
    if (score > best.score) best = { task, score };
  }
  return best.task;
}

/** FNV-1a with a final mix, 32 bits: without the mix, texts that differ in one digit have scores in the same order for all markets. */
function hash(text: string): number {
  let value = 2_166_136_261;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 16_777_619);
  value = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2_ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
