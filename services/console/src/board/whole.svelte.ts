/** The person of one case, whole, for a minute: kept nowhere else, and gone with the panel. */

import type { Schemas } from '../shared/http';

const SHOWN_MS = 60_000;

export class Whole {
  person = $state.raw<Schemas['Person'] | null>(null);
  leftMs = $state(0);
  #ticking: ReturnType<typeof setInterval> | undefined;

  show(person: Schemas['Person']): void {
    this.hide();
    const ends = performance.now() + SHOWN_MS;
    const tick = () => {
      this.leftMs = ends - performance.now();
      if (this.leftMs <= 0) this.hide();
    };
    this.person = person;
    this.#ticking = setInterval(tick, 500);
    tick();
  }

  hide = (): void => {
    clearInterval(this.#ticking);
    this.person = null;
    this.leftMs = 0;
  };
}
