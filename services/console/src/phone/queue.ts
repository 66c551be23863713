/** What was tapped, kept until the server has it: sent once, in order, by nobody but its owner. Knows no page.

 * A case's commands wait for each other: one that was refused holds back those that follow it, and no other case's. Each
 * keeps its key, so that sending it again after a lost answer, a crash or in two tabs changes nothing.
 */

import type { Item, Kept, Why } from './kept';

/** What came of sending one: it is done, it is refused for good, or it has to come again later. */
export type Sent =
  | { what: 'done'; answer: NonNullable<Item['answer']> }
  | { what: 'refused'; why: Why; field?: string | undefined }
  | { what: 'later'; afterMs?: number | undefined }
  | { what: 'nobody' }; // the session is over: whoever logs in again sends it

export interface Outside {
  send: (item: Item) => Promise<Sent>;
  newKey: () => string;
  now: () => number; // the server's time, as well as it is known
  changed: (items: Item[]) => void;
  nobody: () => void;
  settled: (caseIds: Set<string>) => void; // something of these cases reached the server
}

export interface Tap {
  caseId: string;
  number: string;
  act: string;
  path: string;
  body?: Record<string, unknown>;
  file?: Item['file'];
  chained: boolean;
  turn: number;
}

const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000];
const DONE_KEPT = 40;
const CODES = new Set(['result', 'channel', 'mode', 'outcome', 'kind']);

export class Queue {
  items: Item[] = [];
  owner: string | null = null;
  #flushing: Promise<void> | null = null;
  #more = false;
  #tries = 0;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly kept: Kept,
    readonly outside: Outside,
  ) {}

  /** What an earlier life of the page left; one whose answer never came waits again. */
  async load(): Promise<void> {
    const lost = this.items.filter((item) => !item.saved);
    this.items = [...(await this.kept.getAll('queue')), ...lost].sort((one, other) => one.n - other.n);
    if (this.#flushing === null) for (const item of this.items) if (item.state === 'sending') item.state = 'waiting';
    this.#tell();
  }

  /** Keep one tap. It counts from now on, whatever becomes of the page. */
  async add(tap: Tap): Promise<Item> {
    if (this.owner === null) throw new Error('nobody is logged in');
    const before = this.lastOf(tap.caseId);
    const seen = before?.answer ? Math.max(before.answer.turn, tap.turn) : tap.turn;
    const item: Item = {
      ...tap,
      n: Math.max(this.outside.now(), (this.items.at(-1)?.n ?? 0) + 1),
      owner: this.owner,
      body: tap.body ?? {},
      key: this.outside.newKey(),
      turn: before === undefined || before.state === 'done' ? seen : null,
      after: before === undefined || before.state === 'done' ? null : before.key,
      tappedAt: this.outside.now(),
      state: 'waiting',
      timeDropped: false,
      saved: true,
      answer: null,
      why: null,
    };
    this.items = [...this.items, item];
    await this.#save(item);
    this.#tell();
    void this.flush();
    return item;
  }

  /** The last command of a case that names what it saw and was not given up. */
  lastOf(caseId: string): Item | undefined {
    return this.mine().filter((item) => item.caseId === caseId && item.chained).at(-1);
  }

  mine(): Item[] {
    return this.items.filter((item) => item.owner === this.owner);
  }

  /** Send what waits; a second call joins the first. */
  flush(): Promise<void> {
    this.#more = true;
    this.#flushing ??= this.#drain().finally(() => (this.#flushing = null));
    return this.#flushing;
  }

  /** A refused one once more, on the case as it is now. */
  async again(n: number, turn: number): Promise<void> {
    const item = this.items.find((one) => one.n === n);
    if (item?.state !== 'refused') return;
    const key = item.why?.code === 'key-reused' ? this.outside.newKey() : item.key;
    for (const next of this.items) if (next.after === item.key) await this.#change(next, { after: key });
    await this.#change(item, { state: 'waiting', turn, after: null, why: null, key });
    await this.flush();
  }

  /** Give one up; what followed it follows the case as it is now. */
  async drop(n: number, turn: number): Promise<void> {
    const item = this.items.find((one) => one.n === n);
    if (item === undefined || item.state === 'sending' || item.state === 'done') return;
    for (const next of this.items) if (next.after === item.key) await this.#change(next, { after: null, turn });
    this.items = this.items.filter((one) => one !== item);
    await this.kept.delete('queue', n);
    this.#tell();
    await this.flush();
  }

  /** Whether a refused one before it holds it back. */
  heldBack(item: Item): boolean {
    return this.mine().some((one) => one.caseId === item.caseId && one.n < item.n && one.state === 'refused');
  }

  waiting(): Item[] {
    return this.mine().filter((item) => item.state === 'waiting' || item.state === 'sending');
  }

  /** What was added while the last round ended is not left lying. */
  async #drain(): Promise<void> {
    while (this.#more) {
      this.#more = false;
      await this.#run();
    }
  }

  async #run(): Promise<void> {
    clearTimeout(this.#again);
    const touched = new Set<string>();
    for (;;) {
      const next = this.mine().find((item) => item.state === 'waiting' && !this.heldBack(item));
      if (next === undefined) break;
      await this.#change(next, { state: 'sending' });
      const sent = await this.outside.send(next).catch((): Sent => ({ what: 'later' }));
      if (sent.what === 'later' || sent.what === 'nobody') {
        await this.#change(next, { state: 'waiting' });
        this.#more = false; // whoever asked meanwhile has this answer
        if (sent.what === 'nobody') this.outside.nobody();
        else this.#later(sent.afterMs);
        break;
      }
      this.#tries = 0;
      await this.#settle(next, sent);
      touched.add(next.caseId);
    }
    await this.#forgetOld();
    if (touched.size > 0) this.outside.settled(touched);
  }

  async #settle(item: Item, sent: Extract<Sent, { what: 'done' | 'refused' }>): Promise<void> {
    if (sent.what === 'done') {
      const body = Object.fromEntries(Object.entries(item.body).filter(([name]) => CODES.has(name)));
      await this.#change(item, { state: 'done', answer: sent.answer, file: undefined, body }); // no words stay on the phone
    }
    else if (sent.field === 'occurred_at' && !item.timeDropped) {
      await this.#change(item, { state: 'waiting', timeDropped: true }); // the phone's clock is wrong: the server's counts
    } else await this.#change(item, { state: 'refused', why: sent.why });
  }

  #later(afterMs: number | undefined): void {
    const pause = PAUSES_MS[Math.min(this.#tries, PAUSES_MS.length - 1)]!;
    this.#tries += 1;
    this.#again = setTimeout(() => void this.flush(), Math.max(afterMs ?? 0, pause * (0.75 + Math.random() / 2)));
  }

  async #change(item: Item, change: Partial<Item>): Promise<void> {
    Object.assign(item, change);
    await this.#save(item);
    this.#tell();
  }

  /** Where the storage is full, what is done makes room; what still finds none stays on the page and says so. */
  async #save(item: Item): Promise<void> {
    for (const room of [false, true]) {
      try {
        if (room) await this.#forget(this.items.filter((one) => one.state === 'done'));
        await this.kept.put('queue', { ...item, saved: true });
        item.saved = true;
        return;
      } catch (error) {
        if (!(error instanceof DOMException)) throw error;
      }
    }
    item.saved = false;
  }

  async #forgetOld(): Promise<void> {
    const done = this.items.filter((item) => item.state === 'done');
    await this.#forget(done.slice(0, Math.max(0, done.length - DONE_KEPT)));
  }

  async #forget(some: Item[]): Promise<void> {
    if (some.length === 0) return;
    this.items = this.items.filter((item) => !some.includes(item));
    const writing = this.kept.transaction('queue', 'readwrite');
    await Promise.all([...some.map((item) => writing.store.delete(item.n)), writing.done]);
  }

  #tell(): void {
    this.outside.changed(this.items.map((item) => ({ ...item }))); // what is shown is another object after each change
  }
}
