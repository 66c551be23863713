/** One case in full: read when it is opened, and again whenever the stream says that it changed. */

import { read, Refusal, type Problem, type Schemas } from '../shared/http';
import { cases } from './cases.svelte';

const SOON_MS = 120; // several changes of one moment are read once

export class Detail {
  view = $state.raw<Schemas['WholeCase'] | null>(null);
  facts = $state.raw<Schemas['Happened'][]>([]);
  orders = $state.raw<Schemas['StopOrderView'][]>([]);
  holds = $state.raw<Schemas['ProtectiveHoldView'][]>([]);
  followUps = $state.raw<Schemas['FollowUpView'][]>([]);
  reviews = $state.raw<Schemas['ReviewView'][]>([]);
  place = $state.raw<Schemas['PlaceView'] | null>(null);
  fault = $state.raw<Problem | null>(null);
  #soon: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly caseId: string) {}

  /** Until the function given back is called. */
  follow(): () => void {
    void this.load();
    const hears = (id: string) => id === this.caseId && this.soon();
    cases.listeners.add(hears);
    return () => {
      clearTimeout(this.#soon);
      cases.listeners.delete(hears);
    };
  }

  soon(): void {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.load(), SOON_MS);
  }

  async load(): Promise<void> {
    const path = { case_id: this.caseId };
    try {
      const [view, timeline] = await Promise.all([read('/cases/{case_id}', { path }), read('/cases/{case_id}/timeline', { path })]);
      if (this.view === null || view.version >= this.view.version) this.view = view;
      this.facts = timeline.items;
      this.fault = null;
      await this.#beside();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.fault = error.problem;
    }
  }

  async #beside(): Promise<void> {
    const path = { case_id: this.caseId };
    const [orders, holds, followUps, reviews, place] = await Promise.all([
      read('/cases/{case_id}/stop-payments', { path }),
      read('/cases/{case_id}/protective-holds', { path }),
      read('/follow-ups', { query: { case_id: this.caseId, limit: 50 } }),
      read('/reviews', { query: { case_id: this.caseId, limit: 50 } }),
      this.place === null ? read('/cases/{case_id}/place', { path }) : Promise.resolve(this.place),
    ]);
    this.orders = orders.items;
    this.holds = holds.items;
    this.followUps = followUps.items;
    this.reviews = reviews.items;
    this.place = place;
  }
}
