/** Who is signed in, and what codes are called: units, fraud types. Read once after signing in. */

import { read, type Schemas } from '../shared/http';
import { either } from '../shared/words.svelte';

class Me {
  who = $state.raw<Schemas['Me'] | null>(null);
  units = $state.raw<Map<string, Schemas['UnitView']>>(new Map());
  #types = $state.raw<Map<string, Schemas['FraudTypeView']>>(new Map());

  /** Raises Refusal. */
  async enter(): Promise<void> {
    const [who, units, types] = await Promise.all([read('/me'), read('/units'), read('/fraud-types')]);
    this.units = new Map(units.items.map((unit) => [unit.code, unit]));
    this.#types = new Map(types.items.map((type) => [type.code, type]));
    this.who = who;
  }

  unit(code: string | null | undefined): string {
    if (code == null) return '–';
    const found = this.units.get(code);
    return found === undefined ? code : either(found);
  }

  fraud(code: string): string {
    const found = this.#types.get(code);
    return found === undefined ? code : either(found);
  }

  get frauds(): string[] {
    return [...this.#types.keys()];
  }

  get role(): string {
    return this.who?.role ?? '';
  }
}

export const me = new Me();
