/** How many notices wait for whoever is signed in. Asked again after each change of a case, and now and then. */

import { read } from '../shared/http';
import { cases } from './cases.svelte';

const AGAIN_MS = 15_000;
const SOON_MS = 4_000; // changes come in numbers; one question answers them all

class Inbox {
  open = $state(0);
  loud = $state(0);
  /** Hears that there are more of those that nobody else sees to. */
  onLoud: (count: number) => void = () => {};
  #soon: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setInterval> | undefined;
  #known = false;

  start(): void {
    this.stop();
    cases.listeners.add(this.#changed);
    this.#again = setInterval(() => void this.look(), AGAIN_MS);
    void this.look();
  }

  stop(): void {
    cases.listeners.delete(this.#changed);
    clearTimeout(this.#soon);
    clearInterval(this.#again);
    this.#soon = undefined;
    this.#known = false;
    this.open = this.loud = 0;
  }

  /** Never raises: without an answer the last count stays. */
  async look(): Promise<void> {
    const told = await read('/notices/open').catch(() => null);
    if (told === null) return;
    if (this.#known && told.loud > this.loud) this.onLoud(told.loud);
    [this.open, this.loud, this.#known] = [told.open, told.loud, true];
  }

  #changed = (): void => {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.look();
    }, SOON_MS);
  };
}

export const inbox = new Inbox();
