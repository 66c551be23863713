import { expect, test } from 'vitest';
import { hour, isOver, left, moreUrgent, nearness, nextLimit, urgency, type Limit, type Line } from './limits';

const START = Date.parse('2026-11-25T06:00:00Z');
const minute = (count: number) => new Date(START + count * 60_000).toISOString();
const at = (count: number) => START + count * 60_000;

function limit(kind: string, from: number, due: number, more: Partial<Limit> = {}): Limit {
  const open = { round: 1, at_risk_at: null, at_risk: false, level: 0, next_level_at: null, breached_at: null, stopped_at: null, left_s: null, late_s: null, on_time: null };
  return { ...open, kind: kind as Limit['kind'], started_at: minute(from), due_at: minute(due), ...more };
}

function line(id: string, limits: Limit[], risk = 'HIGH'): Line {
  return { case_id: id, risk, issued_at: minute(0), limits } as Line;
}

test('half of a limit is soon, three quarters at risk, the end over', () => {
  const ack = limit('ACK', 0, 4);
  expect([1, 2, 3, 4].map((count) => left(ack, at(count)).nearness)).toEqual(['calm', 'soon', 'risk', 'over']);
  expect(left(ack, at(5)).leftMs).toBe(-60_000);
});

test('a mark that was told makes a limit at risk whatever its share', () => {
  expect(left(limit('ACK', 0, 10, { at_risk_at: minute(1) }), at(2)).nearness).toBe('risk');
});

test('the next limit is neither the hour nor a lease', () => {
  const one = line('a', [limit('TOTAL', 0, 60), limit('LEASE', 0, 6), limit('CONTACT', 0, 20), limit('STOP_REQUEST', 0, 5)]);
  expect(nextLimit(one, at(1))?.kind).toBe('STOP_REQUEST');
  expect(hour(one, at(1))?.dueMs).toBe(at(60));
});

test('a case is over from the end of any limit on, but not of a lease', () => {
  const one = line('a', [limit('TOTAL', 0, 60), limit('LEASE', 0, 6), limit('CONTACT', 0, 20)]);
  expect([7, 19, 20, 61].map((count) => isOver(one, at(count)))).toEqual([false, false, true, true]);
  expect([7, 19, 20, 61].map((count) => nearness(one, at(count)) === 'over')).toEqual([false, false, true, true]);
});

test('what is stopped counts for nothing', () => {
  const one = line('a', [limit('TOTAL', 0, 60, { stopped_at: minute(30) })]);
  expect([hour(one, at(70)), nextLimit(one, at(70)), nearness(one, at(70))]).toEqual([null, null, 'calm']);
  expect(urgency(one)).toBe(Number.MAX_SAFE_INTEGER);
});

test('the most urgent is first, and time passing changes no order', () => {
  const late = line('late', [limit('ACK', -10, -2)]);
  const soon = line('soon', [limit('ACK', 0, 3)]);
  const same = line('same', [limit('ACK', 1, 3)], 'URGENT');
  const order = [soon, same, late].sort(moreUrgent).map(({ case_id }) => case_id);
  expect(order).toEqual(['late', 'same', 'soon']);
});
