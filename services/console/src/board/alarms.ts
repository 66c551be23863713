/** A case that wants to be noticed: heard, and said to who cannot see it. */

import type { Line } from '../shared/limits';
import { named, t } from '../shared/words.svelte';
import type { Alarm } from './changes';
import { me } from './me.svelte';
import { notes } from './notes.svelte';
import { sound } from './sound.svelte';

export function alarmed(alarm: Alarm, line: Line): void {
  sound.ring(alarm);
  const about = { number: line.instruction_number, risk: named('risk', line.risk), unit: me.unit(line.assigned_unit) };
  if (alarm === 'overdue') notes.assertive = t('said.overdue', about);
  else notes.polite = t(alarm === 'new' ? 'said.new' : 'said.escalated', about);
}

/** Notices that nobody else sees to. */
export function alarmedBy(count: number): void {
  sound.ring('escalated');
  notes.assertive = t('said.loud', { count });
}
