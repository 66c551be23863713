import { expect, test } from 'vitest';
import { allowed, own } from '../board/acts';
import type { Schemas } from '../shared/http';
import { strip } from './watch';

const CASE = { state: 'ASSIGNED', assigned_unit: 'P1', responder: 'R1', co_assigned: [{ unit: 'P2', responder: 'R2' }] } as const;
const names = (role: string, unit: string, responder: string | null, state: Schemas['State'] = 'ASSIGNED') =>
  own(allowed(state, role), { ...CASE, state, co_assigned: [...CASE.co_assigned] }, { role, unit, responder } as Schemas['Me']).map(({ name }) => name);

test('a desk is offered what it may do with its own cases, and nothing with others', () => {
  expect(names('desk', 'P1', null)).toEqual(['reassign', 'acknowledge', 'decline']);
  expect(names('desk', 'P2', null)).toEqual([]);
});

test('the steps are who holds the case’s, a colleague may only take it', () => {
  expect(names('responder', 'P1', 'R1', 'ACKNOWLEDGED')).toContain('attempt');
  expect(names('responder', 'P1', 'R9', 'ACKNOWLEDGED')).toEqual([]);
  expect(names('responder', 'P1', 'R9')).toEqual(['acknowledge']);
  expect(names('responder', 'P2', 'R2', 'ACKNOWLEDGED')).toEqual(['attempt']);
  expect(names('operator', '', null)).toContain('reassign');
});

test('who can be sent and holds least comes first', () => {
  const person = (code: string, open_cases: number, availability: string | null) => ({ code, name: code, open_cases, availability, activity: null }) as Schemas['PersonOfUnit'];
  const people = [person('R1', 0, 'NOT_AVAILABLE'), person('R2', 2, null), person('R3', 1, 'AVAILABLE'), person('R4', 0, null)];
  expect(strip(people, ['R1', 'R2', 'R3'].map((responder) => ({ responder }))).map(({ code }) => code)).toEqual(['R3', 'R2', 'R1']);
});
