/** A list that is read page by page, the same way for all of them. */

import { Refusal, type Problem } from '../shared/http';

interface Answer<T> {
  items: T[];
  next: string | null;
}

export class Pages<T> {
  items = $state.raw<T[]>([]);
  more = $state(false);
  loading = $state(true);
  problem = $state.raw<Problem | null>(null);
  #next: string | null = null;

  constructor(private readonly ask: (cursor: string | null) => Promise<Answer<T>>) {}

  load = (): Promise<void> => this.#read(null);
  further = (): Promise<void> => this.#read(this.#next);

  async #read(cursor: string | null): Promise<void> {
    this.loading = true;
    try {
      const answer = await this.ask(cursor);
      this.items = cursor === null ? answer.items : [...this.items, ...answer.items];
      this.#next = answer.next;
      this.more = answer.next !== null;
      this.problem = null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.problem = error.problem;
    } finally {
      this.loading = false;
    }
  }
}
