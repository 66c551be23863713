/** What was typed and not sent: kept in the tab until it is sent, with the key that makes sending it twice harmless. */

import { newKey } from '../shared/http';

export interface Draft {
  values: Record<string, string | boolean>;
  key: string;
}

const name = (what: string) => `quanzu.draft.${what}`;

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
