/** What a fact of a timeline says besides its name, in the reader's words. */

import type { Schemas } from '../shared/http';
import { money } from '../shared/format';
import { named, t, type Key } from '../shared/words.svelte';
import { me } from './me.svelte';

const SHOWN: Record<string, (value: unknown) => string> = {
  timer: (value) => named('timer', String(value)),
  result: (value) => named('attempt', String(value)),
  channel: (value) => named('channel', String(value)),
  mode: (value) => named('mode', String(value)),
  outcome: (value) => named('outcome', String(value)),
  unit: (value) => me.unit(String(value)),
  responder: String,
  accountable: String,
  to: (value) => named('risk', String(value)),
  mark: (value) => named('mark', String(value)),
  amount_fen: (value) => money(Number(value)),
  held_fen: (value) => money(Number(value)),
  loss_before_fen: (value) => `${t('field.loss_before')} ${money(Number(value))}`,
  loss_after_fen: (value) => `${t('field.loss_after')} ${money(Number(value))}`,
  amount_saved_fen: (value) => `${t('field.saved')} ${money(Number(value))}`,
};
const YES: Record<string, Key> = { awakened: 'field.awakened', app_installed: 'field.app', by_hand: 'field.by_hand' };

export function factWords(fact: Schemas['Happened']): string[] {
  const said = Object.entries(SHOWN).flatMap(([name, words]) => {
    const value = fact.detail[name];
    return value === null || value === undefined || typeof value === 'object' ? [] : [words(value)];
  });
  return [...said, ...Object.entries(YES).flatMap(([name, key]) => (fact.detail[name] === true ? [t(key)] : []))];
}
