import { expect, test } from 'vitest';
import type { Schemas } from '../shared/http';
import { cellOf, dayOf, gapsOn, hours, mondayOf, rotationOn, weekFrom } from './week';

const at = (day: number, hour: number) => new Date(Date.UTC(2026, 10, day, hour - 8)).toISOString();
const NIGHT = { responder: 'R1', shift: 'night', starts_at: at(24, 20), ends_at: at(25, 8) };
const [, TUESDAY, WEDNESDAY] = weekFrom('2026-11-23');

test('a week begins on Monday by the clock of China', () => {
  expect(mondayOf(Date.parse('2026-11-22T17:00:00Z'))).toBe('2026-11-23'); // one o'clock on Monday there
  expect(weekFrom('2026-11-23').map(({ date }) => date.slice(8))).toEqual(['23', '24', '25', '26', '27', '28', '29']);
});

test('an address that names no day shows this week', () => {
  expect([null, '', '2026-13-01', '2026-02-30', '9'].map(dayOf)).toEqual(Array(5).fill(undefined));
  expect(dayOf('2026-02-28')).toBe('2026-02-28');
});

test('a shift over midnight is in both of its days', () => {
  const one = (day: typeof TUESDAY) => cellOf('R1', day!, [NIGHT], [], []).worked[0]!;
  expect([one(TUESDAY).runsOn, one(WEDNESDAY).runsOn]).toEqual([false, true]);
  expect([hours(NIGHT, TUESDAY), hours(NIGHT, WEDNESDAY)]).toEqual(['20:00–24:00', '00:00–08:00']);
  expect(cellOf('R2', TUESDAY!, [NIGHT], [], []).worked).toEqual([]);
});

test('a swap is shown to both and gone once refused', () => {
  const swap = { asker: 'R1', other: 'R2', gives: [at(24, 20), at(25, 8)], takes: null, state: 'ASKED' } as unknown as Schemas['SwapView'];
  const seen = (who: string, state: string) => cellOf(who, TUESDAY!, [], [], [{ ...swap, state } as Schemas['SwapView']]).swaps.length;
  expect([seen('R1', 'ASKED'), seen('R2', 'ACCEPTED'), seen('R3', 'ASKED'), seen('R1', 'REFUSED')]).toEqual([1, 1, 0, 0]);
});

test('a gap is on every day it touches, a rotation from its day on', () => {
  const gap = { ...NIGHT, present: 0, needed: 1 } as unknown as Schemas['GapView'];
  expect(weekFrom('2026-11-23').map((day) => gapsOn(day, [gap]).length)).toEqual([0, 1, 1, 0, 0, 0, 0]);
  const rotations = ['2026-12-01', '2026-11-01'].map((starts_on) => ({ starts_on }) as Schemas['RotationView']);
  expect(rotationOn('2026-11-30', rotations)?.starts_on).toBe('2026-11-01');
});
