import { expect, test } from 'vitest';
import { differences, shown } from './differences';

test('a difference names its place and both values', () => {
  const before = { limits_min: { HIGH: { ACK: 3, TOTAL: 60 } }, tell: ['A'], gone: 1 };
  const after = { limits_min: { HIGH: { ACK: 4, TOTAL: 60 } }, tell: ['A', 'B'], come: null };

  expect(differences(before, after)).toEqual([
    { path: ['limits_min', 'HIGH', 'ACK'], before: 3, after: 4 },
    { path: ['tell'], before: ['A'], after: ['A', 'B'] },
    { path: ['gone'], before: 1, after: undefined },
    { path: ['come'], before: undefined, after: null },
  ]);
  expect(differences(before, structuredClone(before))).toEqual([]);
});

test('values are shown on one line', () => {
  expect([['A', 'B'], [], 3, 'x', null, undefined, [{ mark: 1 }]].map(shown)).toEqual(
    ['A B', '[]', '3', 'x', 'null', '–', '[{"mark":1}]'],
  );
});
