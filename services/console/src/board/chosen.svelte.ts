/** The row of a list that the keys act on: j and k go through it, and each list says what its other keys do. */

import { tick } from 'svelte';
import { keys } from './keys.svelte';

export class Chosen<T> {
  at = $state(-1);

  constructor(private readonly items: () => T[]) {}

  get one(): T | undefined {
    return this.items()[this.at];
  }

  /** Hear the keys until the function given back is called. `acts` are done with the chosen row, and only where there is one. */
  hear(acts: Record<string, (one: T) => void>, others: Record<string, () => void> = {}): () => void {
    return keys.hear((key) => {
      if (key === 'j' || key === 'ArrowDown') return this.#step(1);
      if (key === 'k' || key === 'ArrowUp') return this.#step(-1);
      const one = this.one;
      if (acts[key] !== undefined && one !== undefined) acts[key](one);
      else if (others[key] !== undefined) others[key]();
      else return false;
      return true;
    });
  }

  #step(by: number): boolean {
    const last = this.items().length - 1;
    if (last < 0) return false;
    this.at = Math.min(last, Math.max(0, this.at + by));
    void tick().then(() => document.querySelector('tr[aria-current=true]')?.scrollIntoView({ block: 'nearest' }));
    return true;
  }
}
