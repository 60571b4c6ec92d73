import {
  ANSWER_FAULTS,
  CONNECTION_FAULTS,
  ROW_FAULTS,
  type AnswerFault,
  type ConnectionFault,
  type FaultMode,
  type FaultRule,
  type RowFault,
} from '#core/fault-plan.ts';
import { spoilAnswer, type Asked, type SpoiledAnswer } from './answer-faults.ts';
import type { DrawnFault, FaultDesk } from './fault-desk.ts';
import { spoilRows } from './row-faults.ts';
import type { VenueAnswer } from './venue-protocol.ts';

export type ConnectionRule = FaultRule & { readonly mode: ConnectionFault };

export type FaultyAnswer = { readonly answer: SpoiledAnswer; readonly connection: ConnectionRule | undefined };

/**
 * What becomes of an answer: first its rows are spoiled, by every such fault; then the answer as a whole, by the first fault of that kind
 * (a skewed clock goes with any); then the connection, by the first. Counts what was really changed.
 */
export function faultyAnswer(answer: VenueAnswer, drawn: readonly DrawnFault[], asked: Asked, desk: FaultDesk): FaultyAnswer {
  const rules = drawn.map(({ rule }) => rule);
  const whole = rules.filter(isAnswerRule);
  const spoiler = whole.find(({ mode }) => mode !== 'clock_skew');
  const skew = whole.find(({ mode }) => mode === 'clock_skew');
  const connection = rules.find(isConnectionRule);
  let spoiled: SpoiledAnswer = { ...answer, body: withSpoiledRows(answer, drawn, desk) };
  if (spoiler !== undefined) {
    spoiled = spoilAnswer({ ...answer, body: String(spoiled.body) }, spoiler, asked);
    desk.count(spoiler.mode);
  }
  if (skew !== undefined) {
    const { headers } = spoilAnswer(answer, skew, asked);
    spoiled = { ...spoiled, headers: { ...headers, ...spoiled.headers, Date: headers?.['Date'] ?? '' } };
    desk.count('clock_skew');
  }
  if (connection !== undefined) desk.count(connection.mode);
  return { answer: spoiled, connection };
}

function withSpoiledRows({ status, body }: VenueAnswer, drawn: readonly DrawnFault[], desk: FaultDesk): string {
  if (status !== 200) return body;
  return drawn.reduce((text, { rule, chance }) => {
    if (!isRowRule(rule)) return text;
    const spoiled = spoilRows(text, rule, chance);
    if (spoiled !== text) desk.count(rule.mode);
    return spoiled;
  }, body);
}

function isRowRule(rule: FaultRule): rule is FaultRule & { readonly mode: RowFault } {
  return (ROW_FAULTS as readonly FaultMode[]).includes(rule.mode);
}

function isAnswerRule(rule: FaultRule): rule is FaultRule & { readonly mode: AnswerFault } {
  return (ANSWER_FAULTS as readonly FaultMode[]).includes(rule.mode);
}

function isConnectionRule(rule: FaultRule): rule is ConnectionRule {
  return (CONNECTION_FAULTS as readonly FaultMode[]).includes(rule.mode);
}
