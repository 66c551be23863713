/** What this phone keeps in IndexedDB: the queue, what was typed and not sent, and what was last read. Decides nothing. */

import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

export interface Item {
  n: number; // the order of the taps
  owner: string; // whose token or session it was made under; nobody else's sends it
  caseId: string;
  number: string; // the instruction's, for people
  act: string;
  path: string;
  body: Record<string, unknown>;
  file?: { bytes: ArrayBuffer; type: string };
  key: string;
  chained: boolean; // whether the api wants to know what its sender saw of the case
  turn: number | null; // as it was seen, where nothing of ours was under way
  after: string | null; // else the key of our own command before
  tappedAt: number; // by the server's clock as this phone last measured it
  state: 'waiting' | 'sending' | 'done' | 'refused';
  timeDropped: boolean; // the server could not believe this phone's time and used its own
  saved: boolean; // false: the storage was full, and it lives only as long as the page
  answer: { state: string; version: number; turn: number; at: string } | null;
  why: Why | null;
}

/** Why an item was refused, in the api's own words. */
export interface Why {
  code: string;
  status: number;
  title: string;
  detail: string;
  requestId: string;
  holder?: string | undefined;
  state?: string | undefined;
  turn?: number | undefined;
  missing?: { text_zh: string; text_en: string }[] | undefined;
}

interface Shape extends DBSchema {
  queue: { key: number; value: Item };
  drafts: { key: string; value: { values: Record<string, string | boolean>; at: number } };
  read: { key: string; value: unknown };
}

export type Kept = IDBPDatabase<Shape>;

const NAME = 'quanzu-phone';

/** Opened for as long as the page lives. */
export function open(name = NAME): Promise<Kept> {
  return openDB<Shape>(name, 1, {
    upgrade(made) {
      made.createObjectStore('queue', { keyPath: 'n' });
      made.createObjectStore('drafts');
      made.createObjectStore('read');
    },
    blocking: (_old, _new, event) => (event.target as IDBDatabase).close(),
  });
}
