import { beforeEach, expect, test } from 'vitest';
import { measured, serverTime } from './clock.svelte';
import { clockTime, distance, fenOf, money, span } from './format';
import { Parser } from './sse';

test('time left is minutes and seconds, hours from the first on', () => {
  expect([0, 59_999, 61_000, 3_600_000, -192_000].map(span)).toEqual(['00:00', '00:59', '01:01', '1:00:00', '03:12']);
  expect(span(50 * 3_600_000)).toBe('2d 02h');
});

test('yuan become fen exactly, and what is no amount is none', () => {
  expect([fenOf('1,234.5'), fenOf('¥ 0.01'), fenOf(''), fenOf('0.29')]).toEqual([123_450, 1, null, 29]);
  expect(['12.345', 'x', '-1', '1e3'].map(fenOf)).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  expect(money(960_000)).toBe('¥9,600.00');
  expect([distance(850), distance(2140), distance(null)]).toEqual(['850 m', '2.1 km', '–']);
});

test('a moment is shown in China whatever this machine thinks', () => {
  expect(clockTime('2026-11-25T06:03:07Z')).toBe('14:03:07');
});

test('the clock is the server’s, half of the way added, and as fast as it', () => {
  const base = measured({ now: '2026-11-25T06:00:00Z', speed: 10 }, 1000, 1200);
  expect(serverTime(base, 1200)).toBe(Date.parse('2026-11-25T06:00:00Z') + 1000);
  expect(serverTime(base, 2200) - serverTime(base, 1200)).toBe(10_000);
});

let parser: Parser;
beforeEach(() => (parser = new Parser()));

test('events come out whole however the bytes are cut', () => {
  const text = 'retry: 1000\n\nid: t/0:1\n\n:\nid: t/0:2\n\nid: t/0:3\nevent: case\ndata: {"a":1}\n\n';
  const whole = [...text].flatMap((letter) => parser.feed(letter));
  expect(whole).toEqual([{ id: 't/0:3', event: 'case', data: '{"a":1}' }]);
});

test('a lone id moves on without an event', () => {
  expect(parser.feed('id: t/0:9\n\n')).toEqual([]);
  expect(parser.lastId).toBe('t/0:9');
});
