import { expect, test } from 'vitest';
import type { Schemas } from '../shared/http';
import { daysBetween, periodOf, questionOf, wantedOf } from './asked';
import { added, byShift, byUnit, pressing, shiftsOf, slices, spanOf } from './series';
import { percent } from './told';

const period = (query: string, today = '2026-03-01') => {
  const { from, to } = periodOf(new URLSearchParams(query), today);
  return `${from} ${to}`;
};

test('a preset is whole days until today, and what is no period is the usual one', () => {
  expect(period('period=today')).toBe('2026-03-01 2026-03-02');
  expect(period('period=week')).toBe('2026-02-23 2026-03-02'); // a Sunday
  expect(period('period=last_week')).toBe('2026-02-16 2026-02-23');
  expect(period('period=month')).toBe('2026-03-01 2026-03-02');
  expect(period('period=last_month')).toBe('2026-02-01 2026-03-01');
  expect(period('from=2026-01-05&to=2026-01-09')).toBe('2026-01-05 2026-01-09');
  for (const wrong of ['', 'period=never', 'from=2026-01-05', 'from=2026-01-05&to=2026-01-05', 'from=x&to=y']) {
    expect(period(wrong), wrong).toBe('2026-01-31 2026-03-02');
  }
  expect(daysBetween({ from: '2026-02-27', to: '2026-03-02' })).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']);
});

test('the cases behind a number are asked for by the link of the server, narrowed', () => {
  const link = (counts: string) => `/figures/cases?from=F&to=T&level=HIGH&unit=U&${counts}`;
  const found = {
    cases: {
      one_hour_rate: { part: link('count=a'), whole: link('count=b&count=c'), missed: link('count=b&count=c&less=a&young=false') },
      closing_rate: { part: link('count=closed'), whole: '', missed: '' },
    },
  } as unknown as Schemas['FiguresOfPeriod'];
  const base = { from: ['F'], to: ['T'], level: ['HIGH'], unit: ['U'] };

  expect(questionOf({ of: 'one_hour_rate', which: 'missed' }, found)).toEqual({ ...base, count: ['b', 'c'], less: ['a'], young: ['false'] });
  expect(questionOf({ of: 'lost', in: 'P1', day: '2026-03-01', hour: '8,9' }, found)).toEqual({
    ...base, unit: ['P1'], from: ['2026-03-01'], to: ['2026-03-02'], count: ['lost'], hour: ['8', '9'],
  });
  expect(wantedOf(new URLSearchParams('of=lost&in=P1&which=x'))).toEqual({ of: 'lost', in: 'P1' });
  expect(wantedOf(new URLSearchParams())).toBeNull();
});

const figures = (part: number, whole: number) =>
  ({ cases: whole, loop: { n: part, p50_s: 60 }, shares: { one: { part, whole, value: whole ? part / whole : null } } }) as unknown as Schemas['FiguresView'];
const group = (given: object, part: number, whole: number) => ({ unit: null, level: null, starts_at: null, ...given, figures: figures(part, whole) }) as Schemas['GroupView'];

test('a day without a case is a gap, never zero', () => {
  const series = byUnit([group({ unit: 'A', starts_at: '2026-02-28T16:00:00Z' }, 1, 2)], [group({ unit: 'A' }, 1, 2)], ['2026-02-28', '2026-03-01'], 'one');

  expect(series).toEqual([{ key: 'A', points: [{ part: 0, whole: 0, value: null }, { part: 1, whole: 2, value: 0.5 }], total: { part: 1, whole: 2, value: 0.5 } }]);
  expect(added([], 'one').value).toBeNull();
});

test('hours add up to the shifts of the day they are in', () => {
  const shifts = shiftsOf({ shifts: [{ name: 'night', starts: '20:00', ends: '32:00' }, { name: 'day', starts: '08:00', ends: '20:00' }, { name: 'day', starts: '08:00', ends: '20:00' }] });
  const groups = [group({ starts_at: '2026-03-01T00:00:00Z' }, 1, 1), group({ starts_at: '2026-03-01T11:00:00Z' }, 0, 1), group({ starts_at: '2026-03-01T12:00:00Z' }, 1, 3)];
  const [day, night] = byShift(groups, shifts, ['2026-03-01'], 'one');

  expect(shifts.map(spanOf)).toEqual(['08–20', '20–08']);
  expect([day!.total, night!.total]).toEqual([{ part: 1, whole: 2, value: 0.5 }, { part: 1, whole: 3, value: 1 / 3 }]);
  expect(pressing([day!, night!], 'one', false)).toEqual([night, day]);
  expect(pressing([day!, night!], 'one', true)).toEqual([day, night]);
});

test('a long period is asked for in slices', () => {
  expect(slices(['1', '2', '3', '4', '5'], 2, 4)).toEqual([['1', '2'], ['3', '4'], ['5']]);
  expect(slices(['1', '2'], 5000, 900)).toEqual([['1'], ['2']]);
});

test('only everything is a hundred per cent', () => {
  expect([null, 0, 0.00001, 0.5, 0.99999, 1].map(percent)).toEqual(['–', '0 %', '0.1 %', '50 %', '99.9 %', '100 %']);
});
