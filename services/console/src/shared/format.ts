/** Numbers, money, times and spans as people read them. The installation's time is China's. */

import { tag } from './words.svelte';

const ZONE = 'Asia/Shanghai';
const made = new Map<string, Intl.DateTimeFormat>();

function formatter(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${tag()} ${name}`;
  let found = made.get(key);
  if (found === undefined) made.set(key, (found = new Intl.DateTimeFormat(tag(), { timeZone: ZONE, ...options })));
  return found;
}

/** 14:03:07 */
export function clockTime(at: string | number): string {
  return formatter('time', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(
    typeof at === 'number' ? at : Date.parse(at),
  );
}

/** With the day, where it is another than that of `now`. */
export function moment(at: string | null | undefined, now: number): string {
  if (at == null) return '–';
  const then = Date.parse(at);
  const day = formatter('day', { month: 'numeric', day: 'numeric' });
  return day.format(then) === day.format(now) ? clockTime(then) : `${day.format(then)} ${clockTime(then).slice(0, 5)}`;
}

export function dayAndTime(at: string | number): string {
  return formatter('full', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(typeof at === 'number' ? at : Date.parse(at));
}

/** The day of the week and the day, apart: a head of a column. */
export function dayParts(at: number): [string, string] {
  return [formatter('weekday', { weekday: 'short' }).format(at), formatter('date', { month: 'short', day: 'numeric' }).format(at)];
}

/** Day and minute, without the year. */
export function dayTime(at: string): string {
  const options = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  return formatter('day time', options).format(Date.parse(at));
}

/** M:SS below an hour, H:MM:SS from there on, days before that; the sign is the caller's. */
export function span(ms: number): string {
  const whole = Math.floor(Math.abs(ms) / 1000);
  const [seconds, minutes, hours] = [whole % 60, Math.floor(whole / 60) % 60, Math.floor(whole / 3600)];
  const two = (part: number) => String(part).padStart(2, '0');
  if (hours >= 48) return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${two(minutes)}:${two(seconds)}`;
}

/** Yuan from integer fen. */
export function money(fen: number | null | undefined): string {
  if (fen == null) return '–';
  return new Intl.NumberFormat(tag(), { style: 'currency', currency: 'CNY', currencyDisplay: 'narrowSymbol' }).format(
    fen / 100,
  );
}

export function distance(metres: number | null | undefined): string {
  if (metres == null) return '–';
  return metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(1)} km`;
}

/** How large a file is. */
export function size(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** Fen from what a person typed as yuan; null for nothing, NaN for what is no amount. */
export function fenOf(typed: string): number | null {
  const plain = typed.replace(/[\s,,¥¥]/g, '');
  if (plain === '') return null;
  return /^\d{1,12}(\.\d{1,2})?$/.test(plain) ? Math.round(Number(plain) * 100) : Number.NaN;
}
