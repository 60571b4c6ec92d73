import { expect, test } from 'vitest';
import { change, duration, figure, fractionDigits, signedFigure, utcMinute, valueLabel } from '../../web/format.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

test('a time is shown to the minute in UTC', () => {
  expect(utcMinute(Date.UTC(2023, 2, 11, 3, 27, 59))).toBe('2023-03-11 03:27');
});

test.each([
  [-5, '0 s'],
  [59.9 * SECOND, '59 s'],
  [MINUTE, '1 min'],
  [HOUR - 1, '59 min'],
  [HOUR, '1 h'],
  [2 * HOUR + 5 * MINUTE, '2 h 5 min'],
  [24 * HOUR, '1 d'],
  [76 * HOUR, '3 d 4 h'],
])('%d ms last %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test.each([
  ['20364.5', 2, '20,364.50'],
  ['999', 0, '999'],
  ['1234567', 0, '1,234,567'],
  ['0.00000012', 2, '0.00000012'],
  ['12345678901234567890.123456789012345678', 2, '12,345,678,901,234,567,890.123456789012345678'],
])('%s with %d digits is %s, no digit lost', (decimal, digits, text) => {
  expect(figure(decimal, digits)).toBe(text);
});

test('a value below zero has a minus sign, one that rounds to zero has none', () => {
  expect(signedFigure(-1234.567, 2)).toBe('\u22121,234.57');
  expect(signedFigure(-0.001, 2)).toBe('0.00');
  expect(signedFigure(0.126, 2)).toBe('0.13');
});

test('the finest decimal counts', () => {
  expect(fractionDigits(['1', '2.5', '3.125', '4.25'])).toBe(3);
  expect(fractionDigits([])).toBe(0);
});

test('a change has its sign', () => {
  expect(change(200, 201)).toBe('+0.50 %');
  expect(change(200, 199)).toBe('\u22120.50 %');
  expect(change(200, 200)).toBe('+0.00 %');
});

test('a value is named as people write it', () => {
  expect(valueLabel('SMA_20')).toBe('SMA 20');
});
