/** What the page is asked for: its period, and the cases behind one of its numbers. Pure; days are China's. */

import type { Schemas } from '../shared/http';

export const PRESETS = ['today', 'yesterday', 'week', 'last_week', 'month', 'last_month', 'thirty'] as const;
export type Preset = (typeof PRESETS)[number];
export const USUAL: Preset = 'thirty';
export const DAY_MS = 86_400_000;
const FORM = /^\d{4}-\d{2}-\d{2}$/;

/** Whole days: `to` is the first that is out. */
export interface Period {
  from: string;
  to: string;
  preset: Preset | null;
}

export function dayOf(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 10);
}

export function later(day: string, by: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + by * DAY_MS).toISOString().slice(0, 10);
}

export function periodOf(query: URLSearchParams, today: string): Period {
  const [from, to] = [query.get('from') ?? '', query.get('to') ?? ''];
  if (FORM.test(from) && FORM.test(to) && from < to) return { from, to, preset: null };
  const preset = PRESETS.find((one) => one === query.get('period')) ?? USUAL;
  return { ...daysOf(preset, today), preset };
}

function daysOf(preset: Preset, today: string): { from: string; to: string } {
  const tomorrow = later(today, 1);
  const monday = later(today, -((new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7));
  const first = `${today.slice(0, 8)}01`;
  switch (preset) {
    case 'today': return { from: today, to: tomorrow };
    case 'yesterday': return { from: later(today, -1), to: today };
    case 'week': return { from: monday, to: tomorrow };
    case 'last_week': return { from: later(monday, -7), to: monday };
    case 'month': return { from: first, to: tomorrow };
    case 'last_month': return { from: `${later(first, -1).slice(0, 8)}01`, to: first };
    case 'thirty': return { from: later(tomorrow, -30), to: tomorrow };
  }
}

export function daysBetween({ from, to }: { from: string; to: string }): string[] {
  const days = [];
  for (let day = from; day < to; day = later(day, 1)) days.push(day);
  return days;
}

/** Which cases of a figure: those that count, all it is out of, or those it lacks. */
export type Which = 'part' | 'whole' | 'missed';

/** What a link of the page names; all but `of` may be left out. */
export interface Wanted {
  of: string; // a figure, or what is counted
  which?: Which;
  in?: string; // a unit, where another than the page's
  day?: string;
  hour?: string; // hours of the day, by commas
}

/** The question for the cases behind a number: the server's own link, narrowed. */
export function questionOf(wanted: Wanted, found: Schemas['FiguresOfPeriod']): Record<string, string[]> {
  const link = found.cases[wanted.of]?.[wanted.which ?? 'part'];
  const asked = new URLSearchParams(link?.split('?')[1] ?? found.cases['closing_rate']?.part.split('?')[1]);
  if (link === undefined) asked.set('count', wanted.of);
  if (wanted.in !== undefined) asked.set('unit', wanted.in);
  if (wanted.day !== undefined) {
    asked.set('from', wanted.day);
    asked.set('to', later(wanted.day, 1));
  }
  for (const hour of wanted.hour?.split(',') ?? []) asked.append('hour', hour);
  return Object.fromEntries([...new Set(asked.keys())].map((name) => [name, asked.getAll(name)]));
}

export function wantedOf(query: URLSearchParams): Wanted | null {
  const of = query.get('of');
  if (of === null) return null;
  const given = (name: string) => query.get(name) ?? undefined;
  const which = given('which');
  return {
    of,
    ...(which === 'part' || which === 'whole' || which === 'missed' ? { which } : {}),
    ...Object.fromEntries(['in', 'day', 'hour'].map((name) => [name, given(name)]).filter(([, value]) => value !== undefined)),
  };
}
