/** What was typed and not sent: kept in the tab until it is sent, with the key that makes sending it twice harmless.

 * Each person's apart: whoever signs in next at the same screen finds nothing of it, and the one who comes back all of it.
 */

import { newKey } from '../shared/http';
import { me } from './me.svelte';

export interface Draft {
  values: Record<string, string | boolean>;
  key: string;
}

const name = (what: string) => `quanzu.draft.${me.who?.name ?? ''}.${what}`;

export function draftOf(what: string): Draft {
  try {
    const kept = JSON.parse(sessionStorage.getItem(name(what)) ?? 'null') as Draft | null;
    if (kept !== null) return kept;
  } catch {
    // what cannot be read was not ours
  }
  return { values: {}, key: newKey() };
}

export function keepDraft(what: string, draft: Draft): void {
  try {
    sessionStorage.setItem(name(what), JSON.stringify(draft));
  } catch {
    // the storage is full: the text is still on the screen
  }
}

export function dropDraft(what: string): void {
  sessionStorage.removeItem(name(what));
}
