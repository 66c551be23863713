/** The cases on the board: read once the stream is open, kept up by it, read anew where it had a gap.

 * The newest are read at once, so that there is something to see; whatever changes before the stream is open would else
 * be in neither.
 */

import { Refusal, read, type Schemas } from '../shared/http';
import { moreUrgent, type Line } from '../shared/limits';
import { hear } from '../shared/stream';
import type { Told } from '../shared/sse';
import { alarmOf, laidOver, type Alarm, type Changed } from './changes';
import type { Filters } from './filters';

export const OPEN: Schemas['State'][] = [
  'PENDING', 'ASSIGNED', 'ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED', 'CONCLUDED', 'REPORTED',
];
export const ENDED: Schemas['State'][] = ['CLOSED', 'CANCELLED', 'TRANSFERRED'];
const PAGE = 200;
const FIRST_PAGE = 50;
const OPENS_WITHIN_MS = 2_000; // after that the list is read without a stream
const MOST_NAMED = 100; // more unknown cases at once than this are read as the whole list
const AGAIN_MS = 1_000;
const MOST_ENDED = 300;
const PATIENCE_MS = 3_000; // so long a cut is not worth a word
const SILENT_MS = 15_000;

export type Link = 'opening' | 'live' | 'cut';

class Cases {
  /** Every case that is known, most urgent first. Replaced whole at each change. */
  all = $state.raw<Line[]>([]);
  link = $state<Link>('opening');
  heardAt = $state(0); // by performance.now()
  loading = $state(true);
  failed = $state.raw<Refusal | null>(null);
  older = $state<string | null>(null); // where those that have ended go on
  onAlarm: (alarm: Alarm, line: Line) => void = () => {};
  readonly listeners = new Set<(caseId: string) => void>(); // hear which case has changed

  #lines = new Map<string, Line>();
  #ended: string[] = [];
  #unknown = new Map<string, Changed>();
  #stop: (() => void) | undefined;
  #drawn = false;
  #cutSince: number | null = null;
  #opened = false; // the stream, since the start
  #late: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;

  start(): void {
    this.stop();
    this.#cutSince = performance.now();
    this.#stop = hear((told) => this.#told(told));
    this.#watch = setInterval(() => this.#look(), 500);
    this.#opened = false;
    this.#late = setTimeout(() => void this.load(), OPENS_WITHIN_MS);
    void this.#newest();
  }

  stop(): void {
    this.#stop?.();
    clearInterval(this.#watch);
    clearTimeout(this.#late);
    this.#lines.clear();
    this.#unknown.clear();
    this.all = [];
    this.link = 'opening';
  }

  get(caseId: string): Line | undefined {
    return this.#lines.get(caseId);
  }

  /** Read the open cases anew; what the stream told meanwhile is newer and stays. */
  load(): Promise<void> {
    return this.#reading(async () => {
      const before = new Map([...this.#lines].map(([id, line]) => [id, line.version]));
      const seen = new Set<string>();
      let cursor: string | undefined;
      do {
        const page = await read('/cases', { query: { state: OPEN, limit: PAGE, ...(cursor ? { cursor } : {}) } });
        for (const line of page.items) {
          seen.add(line.case_id);
          this.put(line);
        }
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      for (const [id, version] of before) {
        if (!seen.has(id) && this.#lines.get(id)?.version === version) this.#lines.delete(id);
      }
      this.#draw();
    });
  }

  /** Of those that have ended the newest, all or the late ones; from `cursor` on the older. */
  loadEnded(states: Schemas['State'][], late: Filters['late'], cursor?: string): Promise<void> {
    return this.#reading(async () => {
      const page = await read('/cases', { query: { state: states, limit: PAGE, ...(late === 'ever' ? { late } : {}), ...(cursor ? { cursor } : {}) } });
      for (const line of page.items) this.put(line);
      this.older = page.next;
    });
  }

  async #reading(work: () => Promise<void>): Promise<void> {
    this.loading = true;
    this.failed = null;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.failed = error;
    } finally {
      this.loading = false;
    }
  }

  /** What is to be seen first; the whole list, which follows, says what went wrong. */
  async #newest(): Promise<void> {
    const page = await read('/cases', { query: { state: OPEN, limit: FIRST_PAGE } }).catch(() => null);
    for (const line of page?.items ?? []) this.put(line);
  }

  put(line: Line): void {
    const known = this.#lines.get(line.case_id);
    if (known !== undefined && known.version > line.version) return;
    this.#lines.set(line.case_id, line);
    this.#draw();
  }

  #told(told: Told): void {
    this.heardAt = performance.now();
    if (told.what === 'state') {
      if (told.open) {
        clearTimeout(this.#late);
        if (!this.#opened || (this.link === 'cut' && this.failed !== null)) void this.load();
        this.#opened = true;
        this.#cutSince = null;
        this.link = 'live';
      } else this.#cutSince ??= performance.now();
      if (told.refused) void read('/me').catch(() => {}); // whoever is not let in any more is asked to sign in
    } else if (this.#cutSince === null) this.link = 'live'; // this page was asleep, the line was not
    if (told.what !== 'event') return;
    if (told.event === 'resync') void this.load();
    if (told.event === 'gone') this.#leave((JSON.parse(told.data) as { case_id: string }).case_id);
    if (told.event === 'case') this.#take(JSON.parse(told.data) as Changed);
  }

  #take(changed: Changed): void {
    const known = this.#lines.get(changed.case_id);
    const now = known === undefined ? null : laidOver(known, changed);
    if (now === null) this.#ask(changed);
    else if (now !== known) {
      this.#lines.set(changed.case_id, now);
      this.#end(now);
      this.#draw();
      this.#alarm(changed, now);
    }
    for (const hears of this.listeners) hears(changed.case_id);
  }

  /** Of those that have ended the last are kept; a board that runs for days would else hold all of them. */
  #end(line: Line): void {
    if (OPEN.includes(line.state)) return;
    this.#ended.push(line.case_id);
    const oldest = this.#ended.length > MOST_ENDED ? this.#ended.shift() : undefined;
    if (oldest !== undefined && !OPEN.includes(this.#lines.get(oldest)?.state ?? 'PENDING')) this.#lines.delete(oldest);
  }

  #leave(caseId: string): void {
    if (this.#lines.delete(caseId)) this.#draw();
  }

  /** A case that the message alone does not describe: read with the others of the same moment. */
  #ask(changed: Changed): void {
    const waiting = this.#unknown.size > 0;
    this.#unknown.set(changed.case_id, changed);
    if (!waiting) setTimeout(() => void this.#fetch(), 30);
  }

  async #fetch(): Promise<void> {
    const asked = [...this.#unknown];
    if (asked.length === 0) return; // signed out meanwhile
    this.#unknown.clear();
    if (asked.length > MOST_NAMED) await this.load();
    else if (!(await this.#named(asked.map(([id]) => id)))) {
      for (const [id, changed] of asked) if (!this.#unknown.has(id)) this.#unknown.set(id, changed);
      setTimeout(() => void this.#fetch(), AGAIN_MS);
      return;
    }
    for (const [id, changed] of asked) {
      const line = this.#lines.get(id);
      if (line !== undefined) this.#alarm(changed, line);
    }
  }

  /** Whether the server answered: what it could not tell now is asked for again, never forgotten. */
  async #named(ids: string[]): Promise<boolean> {
    try {
      for (const line of (await read('/cases', { query: { case_id: ids, limit: MOST_NAMED } })).items) this.put(line);
      return true;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status } = error.problem;
      return status >= 400 && status < 500 && status !== 429; // asking again would change nothing
    }
  }

  #alarm(changed: Changed, line: Line): void {
    const alarm = alarmOf(changed);
    if (alarm !== null && OPEN.includes(line.state)) this.onAlarm(alarm, line);
  }

  /** Many changes in one moment are drawn once. */
  #draw(): void {
    if (this.#drawn) return;
    this.#drawn = true;
    setTimeout(() => {
      this.#drawn = false;
      this.all = [...this.#lines.values()].sort(moreUrgent);
    }, 16);
  }

  #look(): void {
    const now = performance.now();
    const cut = this.#cutSince !== null && now - this.#cutSince > PATIENCE_MS;
    const silent = this.heardAt > 0 && now - this.heardAt > SILENT_MS;
    if (cut || silent) this.link = 'cut';
  }
}

export const cases = new Cases();
