/** A notice in words: whom it told, and what became of it. Pure. */

import { moment } from '../shared/format';
import type { Schemas } from '../shared/http';
import { language, listed, named, t } from '../shared/words.svelte';
import { me } from './me.svelte';

type Telling = Schemas['Telling'];

export function whom(one: Telling): string {
  const where = one.unit === null ? '' : me.unit(one.unit);
  return [named('target', one.target), where, one.person ?? listed(one.people)].filter(Boolean).join(' · ');
}

export function why(one: Telling): string {
  return language() === 'zh' ? one.why_zh : one.why_en;
}

/** What became of it, the last word first; empty while nobody has seen it. */
export function fate(one: Telling, now: number): string {
  if (one.answered_at !== null) return t('notice.answered', { what: named('action', one.answered_by), time: moment(one.answered_at, now) });
  if (one.acknowledged_at !== null) return t('notice.acknowledged', { who: one.acknowledged_by ?? '', time: moment(one.acknowledged_at, now) });
  if (one.seen_at !== null) return t('notice.seen', { who: one.seen_by ?? '', time: moment(one.seen_at, now) });
  return '';
}
