/** The groups of an answer as series of days, one for each small chart. Pure. */

import type { Schemas } from '../shared/http';
import { DAY_MS, dayOf } from './asked';

type Figures = Schemas['FiguresView'];
type Group = Schemas['GroupView'];

export interface Point {
  part: number;
  whole: number;
  value: number | null; // null where there is nothing to divide by
}

export interface Series {
  key: string;
  points: Point[]; // by day
  total: Point;
}

export const CASES = 'cases';
export const LOOP = 'loop';
export const NOTHING: Point = { part: 0, whole: 0, value: null };

export function pointOf(figures: Figures, measure: string): Point {
  if (measure === CASES) return { part: figures.cases, whole: figures.cases, value: figures.cases };
  if (measure === LOOP) return { part: 0, whole: figures.loop.n, value: figures.loop.p50_s };
  const share = figures.shares[measure];
  return share === undefined ? NOTHING : { part: share.part, whole: share.whole, value: share.value };
}

/** Of shares and of numbers of cases; half of the loops of two groups is no sum of theirs. */
export function added(points: Point[], measure: string): Point {
  const part = points.reduce((sum, one) => sum + one.part, 0);
  const whole = points.reduce((sum, one) => sum + one.whole, 0);
  return { part, whole, value: measure === CASES ? part : whole === 0 ? null : part / whole };
}

/** By unit: a point a day is a group of the answer, the totals are an answer of their own. */
export function byUnit(groups: Group[], totals: Group[], days: string[], measure: string): Series[] {
  const place = new Map(days.map((day, at) => [day, at]));
  const found = new Map<string, Series>();
  const none = measure === CASES ? { part: 0, whole: 0, value: 0 } : NOTHING;
  for (const { unit, figures } of totals) {
    found.set(unit ?? '', { key: unit ?? '', points: days.map(() => none), total: pointOf(figures, measure) });
  }
  for (const { unit, starts_at, figures } of groups) {
    const at = place.get(dayOf(Date.parse(starts_at ?? '')));
    const series = found.get(unit ?? '');
    if (at !== undefined && series !== undefined) series.points[at] = pointOf(figures, measure);
  }
  return [...found.values()];
}

export interface Shift {
  name: string;
  hours: number[]; // of the day
}

/** The shifts of a pattern, each once, by the hours in which it begins and ends; an hour belongs to the first that has it. */
export function shiftsOf(document: Record<string, unknown>): Shift[] {
  const said = (document['shifts'] ?? []) as { name: string; starts: string; ends: string }[];
  const found = new Map<string, Shift>();
  const taken = new Set<number>();
  for (const { name, starts, ends } of [...said].sort((one, other) => minutes(one.starts) - minutes(other.starts))) {
    const [first, last] = [Math.floor(minutes(starts) / 60), Math.ceil(minutes(ends) / 60)];
    if (found.has(`${first} ${last}`)) continue;
    const hours = [];
    for (let hour = first; hour < last; hour++) {
      if (!taken.has(hour % 24)) hours.push(hour % 24);
      taken.add(hour % 24);
    }
    if (hours.length > 0) found.set(`${first} ${last}`, { name, hours });
  }
  return [...found.values()];
}

function minutes(clock: string): number {
  const [hours = 0, rest = 0] = clock.split(':').map(Number);
  return hours * 60 + rest;
}

/** `08–16`, or `20–08` over midnight. */
export function spanOf({ hours }: Shift): string {
  const two = (hour: number) => String(hour).padStart(2, '0');
  return hours.length === 24 ? '00–24' : `${two(hours[0]!)}–${two(hours.at(-1)! + 1)}`;
}

export function byShift(groups: Group[], shifts: Shift[], days: string[], measure: string): Series[] {
  const place = new Map(days.map((day, at) => [day, at]));
  return shifts.map((shift) => {
    const held: Point[][] = days.map(() => []);
    for (const { starts_at, figures } of groups) {
      const ms = Date.parse(starts_at ?? '') + 8 * 3_600_000;
      const at = place.get(new Date(ms).toISOString().slice(0, 10));
      const hour = Math.floor((ms % DAY_MS) / 3_600_000);
      if (at !== undefined && shift.hours.includes(hour)) held[at]!.push(pointOf(figures, measure));
    }
    return { key: shift.hours.join(','), points: held.map((one) => added(one, measure)), total: added(held.flat(), measure) };
  });
}

/** The most pressing first: the lowest share, the most cases, the longest loop; those without a value last. */
export function pressing(series: Series[], measure: string, bad: boolean): Series[] {
  const way = measure === CASES || measure === LOOP || bad ? -1 : 1;
  return [...series].sort((one, other) => {
    if (one.total.value === null || other.total.value === null) return Number(one.total.value === null) - Number(other.total.value === null);
    return way * (one.total.value - other.total.value) || one.key.localeCompare(other.key);
  });
}

/** Whole slices of the period with few enough groups for one answer. */
export function slices(days: string[], units: number, most: number): string[][] {
  const each = Math.max(1, Math.floor(most / Math.max(1, units)));
  return Array.from({ length: Math.ceil(days.length / each) }, (_, at) => days.slice(at * each, (at + 1) * each));
}
