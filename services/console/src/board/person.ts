/** The person of a case in words: masked as the server gave it, never more. */

import type { Schemas } from '../shared/http';
import { t } from '../shared/words.svelte';

export function whose(person: Schemas['Person']): string {
  if (person.shown === 'erased') return t('person.erased');
  if (person.shown === 'unreadable') return t('person.unreadable');
  return person.name ?? person.phone ?? t('person.unknown');
}
