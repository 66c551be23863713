import { expect, test } from 'vitest';
import type { Line } from '../shared/limits';
import { ACTS, allowed, nextAct } from './acts';
import { bodyOf, chinaTime, typedTime } from './body';
import { alarmOf, laidOver, type Changed } from './changes';
import { anchored, filtersOf, isFiltered, NONE, queryOf, wanted } from './filters';
import { maySendLink, reachable } from './reachable';

const LINE = { case_id: 'c', version: 3, turn: 2, state: 'ASSIGNED', risk: 'HIGH', limits: [], missed: [], instruction_number: 'W-1' } as unknown as Line;
const CHANGED: Changed = {
  case_id: 'c', version: 4, turn: 3, changes: [{ action: 'ACKNOWLEDGE', timer: null, by: 'responder' }], state: 'ACKNOWLEDGED',
  outcome: null, risk: 'HIGH', mode: 'actual', responsible_unit: 'P1', assigned_unit: 'P1', responder: 'R1', at: '2026-11-25T06:02:00Z',
  timers: [{ kind: 'FIRST_ATTEMPT', round: 1, due_at: '2026-11-25T06:05:00Z', at_risk_at: null }], next_due_at: null, total_due_at: null,
};

test('a change is laid over the case, and a limit that is new began with it', () => {
  const now = laidOver(LINE, CHANGED)!;
  expect([now.state, now.version, now.turn, now.instruction_number]).toEqual(['ACKNOWLEDGED', 4, 3, 'W-1']);
  expect(now.limits[0]).toMatchObject({ kind: 'FIRST_ATTEMPT', started_at: CHANGED.at, stopped_at: null });
});

test('a limit once missed stays on the row, a lease is none', () => {
  const breach = (timer: string) => ({ action: 'BREACH', timer, by: 'system' });
  const missed = laidOver({ ...LINE, missed: ['ACK'] }, { ...CHANGED, changes: [breach('LEASE'), breach('ACK'), breach('CONTACT')] })!;
  expect(missed.missed).toEqual(['ACK', 'CONTACT']);
  expect(wanted(missed, { ...NONE, late: 'ever' }, 0, () => '')).toBe(true);
  expect(wanted(LINE, { ...NONE, late: 'ever' }, 0, () => '')).toBe(false);
});

test('an older change changes nothing, a repeat has to be read', () => {
  expect(laidOver({ ...LINE, version: 4 }, CHANGED)).toMatchObject({ state: 'ASSIGNED' });
  expect(laidOver(LINE, { ...CHANGED, changes: [{ action: 'REPEAT', timer: null, by: 'system' }] })).toBeNull();
});

test('a new case, an escalation and a breach sound unlike', () => {
  const alarm = (action: string, timer: string | null = null) => alarmOf({ ...CHANGED, changes: [{ action, timer, by: 'system' }] });
  expect([alarm('OPEN'), alarm('EXPIRE'), alarm('BREACH', 'ACK'), alarm('BREACH', 'LEASE'), alarm('ATTEMPT')]).toEqual([
    'new', 'escalated', 'overdue', null, null,
  ]);
});

test('filters come back from the address as they went into it', () => {
  const filters = { risk: ['URGENT', 'HIGH'], state: ['PENDING'], unit: 'P1', late: 'ever' as const, text: '张' };
  expect(filtersOf(new URLSearchParams(queryOf(filters)))).toEqual(filters);
  expect([isFiltered(NONE), isFiltered(filters)]).toEqual([false, true]);
});

test('every word that is searched has to be there', () => {
  const found = (text: string) => wanted(LINE, { ...NONE, text }, 0, () => 'W-1 南浦派出所');
  expect([found('w-1 南浦'), found('w-1 城关'), found('  ')]).toEqual([true, false, true]);
});

test('a row stays on its spot wherever it goes in the list', () => {
  expect(anchored(124, 5, 62)).toEqual({ scroll: 186, above: 0 });
  expect(anchored(124, 0, 62)).toEqual({ scroll: 0, above: 124 });
});

test('what is missing is said by field, what is there is sent as it was meant', () => {
  const stop = ACTS.find(({ name }) => name === 'stop')!;
  expect(bodyOf(stop, { payee_name: ' 甲 ', account: '6200', bank: '', amount_fen: '1.234', transferred_at: 'x' })).toEqual({
    faults: { bank: 'fault.needed', amount_fen: 'fault.money', transferred_at: 'fault.time' },
  });
  const typed = { payee_name: '甲', account: '6200', bank: '某行', amount_fen: '500', transferred_at: '2026-11-25T14:03', by_hand: true };
  expect(bodyOf(stop, typed)).toEqual({
    body: { payee_name: '甲', account: '6200', bank: '某行', amount_fen: 50_000, transferred_at: '2026-11-25T06:03:00.000Z', by_hand: true },
  });
});

test('a level is sent as the number that it is', () => {
  const escalate = ACTS.find(({ name }) => name === 'escalate')!;
  expect(bodyOf(escalate, { level: '2', reason: '催办' })).toEqual({ body: { level: 2, reason: '催办' } });
});

test('a typed time is China’s', () => {
  expect(typedTime(Date.parse(chinaTime('2026-11-25T14:03')!))).toBe('2026-11-25T14:03');
});

test('each open state has one next act for who may lead it on', () => {
  expect(nextAct('PENDING', 'operator')?.name).toBe('assign');
  expect(nextAct('ASSIGNED', 'desk')?.name).toBe('acknowledge');
  expect(nextAct('IN_PROGRESS', 'responder')?.name).toBe('contact');
  expect(nextAct('REPORTED', 'supervisor')?.name).toBe('close');
  expect(allowed('REPORTED', 'auditor')).toEqual([]);
});

test('a link goes to who holds the case or is named beside, and to nobody once it has ended', () => {
  const beside = [{ unit: 'P2', responder: 'R2' }, { unit: 'P3', responder: null }];
  expect(reachable({ state: 'ASSIGNED', responder: 'R1', co_assigned: beside })).toEqual(['R1', 'R2']);
  expect(maySendLink('desk', { state: 'CLOSED', responder: 'R1', co_assigned: [] })).toBe(false);
  expect(maySendLink('reviewer', { state: 'ASSIGNED', responder: 'R1', co_assigned: [] })).toBe(false);
});
