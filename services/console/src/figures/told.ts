/** Figures as people read them. */

import { money, span } from '../shared/format';
import { either, tag } from '../shared/words.svelte';
import { CASES, LOOP, type Point } from './series';

/** Shares that are the worse the higher they are. */
export const BAD = new Set(['reject_rate', 'return_rate', 'post_warning_loss_rate']);
export const MONEY = new Set(['held_share']);

/** What the server calls a figure, as a heading begins. */
export function called(names: { zh: string; en: string }): string {
  const name = either({ name_zh: names.zh, name_en: names.en });
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** One decimal; only everything is 100 %, and only nothing 0 %. */
export function percent(value: number | null): string {
  if (value === null) return '–';
  const near = value > 0 && value < 1 ? Math.min(99.9, Math.max(0.1, value * 100)) : value * 100;
  return `${new Intl.NumberFormat(tag(), { maximumFractionDigits: 1 }).format(near)} %`;
}

export function valueOf(point: Point, measure: string): string {
  if (point.value === null) return '–';
  if (measure === CASES) return count(point.value);
  return measure === LOOP ? span(point.value * 1000) : percent(point.value);
}

export function outOf(point: Point, measure: string): string {
  if (measure === CASES) return '';
  if (measure === LOOP) return count(point.whole);
  return MONEY.has(measure) ? `${money(point.part)} / ${money(point.whole)}` : `${count(point.part)} / ${count(point.whole)}`;
}

export function count(number: number): string {
  return new Intl.NumberFormat(tag()).format(number);
}
