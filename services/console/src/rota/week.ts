/** A week of a unit's duty as a table: one row a person, one cell a day. China's time; pure. */

import type { Schemas } from '../shared/http';

export const DAYS = 7;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const ZONE_MS = 8 * HOUR_MS;

type Shift = Schemas['ShiftView'];
type Entry = Schemas['EntryView'];
type Swap = Schemas['SwapView'];
type Gap = Schemas['GapView'];

export interface Day {
  date: string; // 2026-11-25
  startMs: number;
  endMs: number;
}

/** What somebody has on a day; `runsOn` where a shift of the day before goes on into it. */
export interface Worked {
  shift: Shift;
  runsOn: boolean;
}

export interface Cell {
  worked: Worked[];
  entries: Entry[];
  swaps: Swap[];
}

export function dateOf(ms: number): string {
  return new Date(ms + ZONE_MS).toISOString().slice(0, 10);
}

/** The Monday of the week in which `ms` lies. */
export function mondayOf(ms: number): string {
  const day = new Date(ms + ZONE_MS);
  return dateOf(ms - ((day.getUTCDay() + 6) % 7) * DAY_MS);
}

/** `from` in an address, or nothing where it is no date. */
export function dayOf(text: string | null): string | undefined {
  if (text === null || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const ms = startOf(text);
  return Number.isNaN(ms) || dateOf(ms) !== text ? undefined : text;
}

export function startOf(date: string): number {
  return Date.parse(`${date}T00:00:00+08:00`);
}

export function later(date: string, days: number): string {
  return dateOf(startOf(date) + days * DAY_MS);
}

export function weekFrom(date: string): Day[] {
  return Array.from({ length: DAYS }, (_, day) => {
    const startMs = startOf(date) + day * DAY_MS;
    return { date: dateOf(startMs), startMs, endMs: startMs + DAY_MS };
  });
}

/** Hours of a day as on a clock on the wall: what ends at midnight ends at 24. */
export function hours(one: { starts_at: string; ends_at: string }, day?: Day): string {
  const [start, end] = [Date.parse(one.starts_at), Date.parse(one.ends_at)];
  const from = day === undefined ? start : Math.max(start, day.startMs);
  const until = day === undefined ? end : Math.min(end, day.endMs);
  return `${clockOf(from, false)}–${clockOf(until, true)}`;
}

function clockOf(ms: number, ends: boolean): string {
  const text = new Date(ms + ZONE_MS).toISOString().slice(11, 16);
  return ends && text === '00:00' ? '24:00' : text;
}

export function touches(one: { starts_at: string; ends_at: string }, day: Day): boolean {
  return Date.parse(one.starts_at) < day.endMs && Date.parse(one.ends_at) > day.startMs;
}

export function windowOf([starts_at, ends_at]: [string, string]): { starts_at: string; ends_at: string } {
  return { starts_at, ends_at };
}

export function cellOf(who: string, day: Day, items: readonly Shift[], entries: readonly Entry[], swaps: readonly Swap[]): Cell {
  const own = items.filter((shift) => shift.responder === who && touches(shift, day));
  return {
    worked: own.map((shift) => ({ shift, runsOn: Date.parse(shift.starts_at) < day.startMs })),
    entries: entries.filter((entry) => entry.responder === who && touches(entry, day)),
    swaps: swaps.filter((swap) => sidesOf(swap, who).some((side) => touches(side, day))),
  };
}

/** The parts of a swap that somebody is in: what they give, what they take over. */
export function sidesOf(swap: Swap, who: string): { starts_at: string; ends_at: string }[] {
  if (swap.state === 'REFUSED' || swap.state === 'WITHDRAWN') return [];
  if (who !== swap.asker && who !== swap.other) return [];
  return [windowOf(swap.gives), ...(swap.takes === null ? [] : [windowOf(swap.takes)])];
}

export function gapsOn(day: Day, gaps: readonly Gap[]): Gap[] {
  return gaps.filter((gap) => touches(gap, day));
}

/** The rotation in force on a day, newest first of those that have begun. */
export function rotationOn(date: string, rotations: readonly Schemas['RotationView'][]): Schemas['RotationView'] | undefined {
  return [...rotations].sort((one, other) => one.starts_on.localeCompare(other.starts_on)).filter(({ starts_on }) => starts_on <= date).at(-1);
}

export interface Group {
  name: string;
  offset: number;
  members: string[];
}

export function groupsOf(rotation: Schemas['RotationView'] | undefined): Group[] {
  return (rotation?.document['groups'] as Group[] | undefined) ?? [];
}
