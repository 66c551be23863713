/** Everything that the phone page shows: read from what was kept at once, from the server when there is a line. */

import * as auth from '../shared/auth';
import { clock } from '../shared/clock.svelte';
import { newKey, read, Refusal, type Schemas } from '../shared/http';
import { moreUrgent, type Line } from '../shared/limits';
import { either } from '../shared/words.svelte';
import { open, type Item, type Kept } from './kept';
import { Queue, type Tap } from './queue';
import { sendItem } from './sending';
import { presumed, type State, type Step } from './steps';

export type Whole = Schemas['WholeCase'];
type Names = Record<string, { name_zh: string; name_en: string }>;
interface Measure {
  serverMs: number;
  deviceMs: number;
  speed: number;
}

const STATES: State[] = ['ASSIGNED', 'ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED', 'CONCLUDED', 'REPORTED'];
const HELD = new Set<State>(['ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED', 'CONCLUDED']);
const EVERY_MS = 15_000; // a stream would hold the radio of a phone awake; a new case comes by a notice besides
const KEPT_FOR_MS = 12 * 3_600_000;
const DAY_MS = 24 * 3_600_000;
const MEASURE_MS = 45_000;
const WRONG_MS = 5 * 60_000;

class Phone {
  who = $state.raw<Schemas['Me'] | null>(null);
  lines = $state.raw<Line[]>([]);
  whole = $state.raw<Record<string, Whole>>({});
  places = $state.raw<Record<string, Schemas['PlaceView']>>({});
  follows = $state.raw<Schemas['FollowUpView'][]>([]);
  items = $state.raw<Item[]>([]);
  names = $state.raw<Names>({});
  online = $state(navigator.onLine);
  asking = $state(false); // whether somebody has to log in
  readAt = $state<number | null>(null); // by the server's clock
  wrongMs = $state(0); // so much this phone's clock is ahead of the server's
  ready = $state(false);
  showing: string | null = null; // only this case is read whole again and again: each reading is on record

  #measuredAt = Number.NEGATIVE_INFINITY;
  #kept!: Kept;
  #queue!: Queue;

  async start(): Promise<void> {
    auth.whenLost(() => void this.#shutOut());
    const asked = ask(); // on its way while what was kept is looked up
    asked.catch(() => {});
    this.#kept = await open();
    this.#queue = new Queue(this.#kept, {
      send: sendItem,
      newKey,
      now: () => Math.round(clock.exact()),
      changed: (items) => (this.items = items),
      nobody: () => auth.lost(),
      settled: () => void this.refresh(),
    });
    await this.#recall();
    if (this.asking) await this.#shutOut();
    this.ready = true;
    addEventListener('online', () => void this.refresh());
    addEventListener('offline', () => (this.online = false));
    addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void this.refresh());
    setInterval(() => document.visibilityState === 'visible' && !this.asking && void this.refresh(), EVERY_MS);
    void navigator.storage?.persist?.();
    await this.refresh(asked);
  }

  /** Somebody has logged in (again): what waits goes on. */
  async enter(): Promise<void> {
    this.asking = false;
    await this.refresh();
  }

  /** Out; what the case told of a person leaves this phone, what was not sent stays for its owner. */
  async leave(): Promise<string | null> {
    const to = await auth.signOut();
    await this.#shutOut();
    this.who = null;
    return to;
  }

  /** The server knows us no longer: what was read leaves this phone, what was not sent stays for its owner. */
  async #shutOut(): Promise<void> {
    this.asking = true;
    this.lines = [];
    this.whole = {};
    this.places = {};
    this.follows = [];
    await (this.#kept as Kept | undefined)?.clear('read'); // it may be told before anything is open
  }

  /** Read everything anew and send what waits. Never raises: without a line the page stays as it is and says so. */
  async refresh(asked = ask()): Promise<void> {
    try {
      const [who, page] = await asked;
      if (this.who !== null && this.who.name !== who.name) this.whole = {};
      this.who = who;
      this.#queue.owner = who.name;
      this.lines = page?.items ?? (await this.#invitedTo());
      this.online = true;
      this.asking = false;
      await Promise.all([this.#measure(), this.#keep('who', who), this.#keep('lines', this.lines)]);
      this.readAt = clock.exact();
      void this.#keep('readAt', this.readAt);
      void this.#queue.flush();
      await Promise.all([this.showing === null ? null : this.look(this.showing), this.#readNames(), page === null ? null : this.#readFollows()]);
      this.#forgetOver();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.problem.code === 'offline') this.online = false;
    }
  }

  /** The whole case, and where it is once it is ours. */
  async look(caseId: string): Promise<void> {
    try {
      const whole = await read('/cases/{case_id}', { path: { case_id: caseId } });
      this.#put(whole);
      if (whole.person.shown === 'full' && this.places[caseId]?.within_m !== 0) {
        const place = await read('/cases/{case_id}/place', { path: { case_id: caseId } });
        this.places = { ...this.places, [caseId]: place };
        await this.#keep(`place:${caseId}`, place);
      }
      if (HELD.has(whole.state)) await this.#keep(`case:${caseId}`, whole);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.problem.status === 404) this.#drop(caseId);
    }
  }

  /** The case as it will be once the queue has gone out. */
  line(caseId: string): Line | undefined {
    const found = this.lines.find((line) => line.case_id === caseId) ?? this.whole[caseId];
    return found === undefined || this.who === null ? found : presumed(found, this.mine(caseId), this.who);
  }

  all(): Line[] {
    const { who } = this;
    if (who === null) return [];
    return this.lines.map((line) => presumed(line, this.mine(line.case_id), who)).sort(moreUrgent);
  }

  mine(caseId?: string): Item[] {
    return this.items.filter((item) => item.owner === this.who?.name && (caseId === undefined || item.caseId === caseId));
  }

  get waiting(): number {
    return this.mine().filter(({ state }) => state === 'waiting' || state === 'sending').length;
  }

  get refused(): number {
    return this.mine().filter(({ state }) => state === 'refused').length;
  }

  heldBack(item: Item): boolean {
    return this.#queue.heldBack(item);
  }

  /** One step of a case goes into the queue. */
  async tap(line: Line, step: Step, body: Record<string, unknown> = {}, file?: Item['file']): Promise<void> {
    const path = `/cases/${line.case_id}/${step.path}`;
    await this.#add({ ...this.#about(line), act: step.name, path, body, chained: step.chained, ...(file ? { file } : {}) });
  }

  async followUp(follow: Schemas['FollowUpView'], body: Record<string, unknown>): Promise<void> {
    const number = this.lines.find((line) => line.case_id === follow.case_id)?.instruction_number ?? '';
    const path = `/follow-ups/${follow.id}/result`;
    await this.#add({ caseId: follow.case_id, number, act: 'follow_up', path, body, chained: false, turn: 0 });
    this.follows = this.follows.filter((one) => one.id !== follow.id);
  }

  async again(item: Item): Promise<void> {
    await this.#queue.again(item.n, await this.#turnOf(item.caseId));
  }

  async drop(item: Item): Promise<void> {
    await this.#queue.drop(item.n, await this.#turnOf(item.caseId));
  }

  async draft(name: string): Promise<Record<string, string | boolean>> {
    return (await this.#kept.get('drafts', this.#own(name)))?.values ?? {};
  }

  /** Whether it is kept: with a full storage what is typed is only on the screen. */
  async keepDraft(name: string, values: Record<string, string | boolean> | null): Promise<boolean> {
    try {
      if (values === null) await this.#kept.delete('drafts', this.#own(name));
      else await this.#kept.put('drafts', { values, at: Date.now() }, this.#own(name));
      return true;
    } catch {
      return false;
    }
  }

  /** What one person typed is nobody else's. */
  #own(name: string): string {
    return `${this.who?.name ?? ''} ${name}`;
  }

  /** What a code is called, where the names could be read: an invitation has none. */
  known(code: string | null | undefined): string | null {
    const found = this.names[code ?? ''];
    return found === undefined ? null : either(found);
  }

  called(code: string | null | undefined): string {
    return this.known(code) ?? code ?? '–';
  }

  /** Who came by an invitation has the one case that it names, and no list. */
  async #invitedTo(): Promise<Line[]> {
    const caseId = this.showing ?? this.lines[0]?.case_id;
    if (caseId === undefined) return [];
    const whole = await read('/cases/{case_id}', { path: { case_id: caseId } });
    this.#put(whole);
    return [asLine(whole)];
  }

  #about(line: Line): Pick<Tap, 'caseId' | 'number' | 'turn'> {
    return { caseId: line.case_id, number: line.instruction_number, turn: line.turn };
  }

  async #add(tap: Tap): Promise<void> {
    await this.#queue.add(tap);
  }

  async #turnOf(caseId: string): Promise<number> {
    await this.look(caseId);
    const known = [this.whole[caseId]?.turn ?? 0, this.lines.find((line) => line.case_id === caseId)?.turn ?? 0];
    return Math.max(...known);
  }

  async #measure(): Promise<void> {
    if (performance.now() - this.#measuredAt < MEASURE_MS) return;
    await clock.measure();
    this.#measuredAt = performance.now();
    this.wrongMs = clock.speed === 1 ? wrong(Date.now() - clock.exact()) : 0;
    await this.#keep('clock', { serverMs: clock.exact(), deviceMs: Date.now(), speed: clock.speed } satisfies Measure);
  }

  async #readNames(): Promise<void> {
    if (Object.keys(this.names).length > 0 && this.names[this.who?.unit ?? ''] !== undefined) return;
    const [units, types] = await Promise.all([read('/units'), read('/fraud-types')]);
    const all = [...units.items, ...types.items].map(({ code, name_zh, name_en }) => [code, { name_zh, name_en }] as const);
    this.names = Object.fromEntries(all);
    await this.#keep('names', this.names);
  }

  async #readFollows(): Promise<void> {
    const due_before = new Date(clock.exact() + DAY_MS).toISOString();
    const found = await read('/follow-ups', { query: { state: ['SCHEDULED', 'DUE', 'MISSED', 'ESCALATED'], due_before, limit: 50 } });
    const sent = new Set(this.mine().filter(({ act, state }) => act === 'follow_up' && state !== 'refused').map(({ path }) => path));
    this.follows = found.items.filter(
      (one) => (this.who?.role === 'desk' || one.responder === this.who?.responder) && !sent.has(`/follow-ups/${one.id}/result`),
    );
    await this.#keep('follows', this.follows);
  }

  #put(whole: Whole): void {
    this.whole = { ...this.whole, [whole.case_id]: whole };
    this.lines = this.lines.map((line) => (line.case_id === whole.case_id && line.version <= whole.version ? asLine(whole) : line));
  }

  #drop(caseId: string): void {
    const { [caseId]: _, ...rest } = this.whole;
    this.whole = rest;
    this.lines = this.lines.filter((line) => line.case_id !== caseId);
    void this.#kept.delete('read', `case:${caseId}`);
    void this.#kept.delete('read', `place:${caseId}`);
  }

  /** What is over leaves the phone. */
  #forgetOver(): void {
    for (const whole of Object.values(this.whole)) {
      if (HELD.has(whole.state)) continue;
      void this.#kept.delete('read', `case:${whole.case_id}`);
      void this.#kept.delete('read', `place:${whole.case_id}`);
    }
  }

  async #keep(name: string, value: unknown): Promise<void> {
    try {
      await this.#kept.put('read', $state.snapshot(value), name);
    } catch {
      // a full storage: it is read again when there is a line
    }
  }

  /** What was read last, as long as it is fresh enough to be of use. */
  async #recall(): Promise<void> {
    const measure = (await this.#kept.get('read', 'clock')) as Measure | undefined;
    if (measure !== undefined) {
      const passed = Date.now() - measure.deviceMs;
      if (passed > KEPT_FOR_MS) await this.#kept.clear('read');
      else clock.assume(measure.serverMs + Math.max(0, passed) * measure.speed, measure.speed);
    }
    this.who = ((await this.#kept.get('read', 'who')) as Schemas['Me'] | undefined) ?? null;
    this.readAt = ((await this.#kept.get('read', 'readAt')) as number | undefined) ?? null;
    this.lines = ((await this.#kept.get('read', 'lines')) as Line[] | undefined) ?? [];
    this.names = ((await this.#kept.get('read', 'names')) as Names | undefined) ?? {};
    this.follows = ((await this.#kept.get('read', 'follows')) as Schemas['FollowUpView'][] | undefined) ?? [];
    for (const line of this.lines) {
      const whole = (await this.#kept.get('read', `case:${line.case_id}`)) as Whole | undefined;
      const place = (await this.#kept.get('read', `place:${line.case_id}`)) as Schemas['PlaceView'] | undefined;
      if (whole !== undefined) this.whole = { ...this.whole, [line.case_id]: whole };
      if (place !== undefined) this.places = { ...this.places, [line.case_id]: place };
    }
    this.#queue.owner = this.who?.name ?? null;
    await this.#queue.load();
  }
}

/** Who this is, and the cases; null where an invitation has no list to show. */
function ask() {
  const listed = read('/cases', { query: { state: STATES, limit: 200 } }).catch((error: unknown) => {
    if (error instanceof Refusal && error.problem.code === 'not-allowed') return null;
    throw error;
  });
  return Promise.all([read('/me'), listed]);
}

function wrong(byMs: number): number {
  return Math.abs(byMs) > WRONG_MS ? Math.round(byMs / 60_000) * 60_000 : 0;
}

/** Of the whole case only the limits that run, as in a list. */
function asLine(whole: Whole): Line {
  return { ...whole, limits: whole.limits.filter(({ stopped_at }) => stopped_at === null) };
}

export const phone = new Phone();
