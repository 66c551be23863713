/** One unit's week as it is at the server: read whole, and again after every change. */

import { read, Refusal, type Problem, type Schemas } from '../shared/http';
import { me } from '../board/me.svelte';
import { DAYS, groupsOf, rotationOn, weekFrom, type Day } from './week';

export type Person = Schemas['PersonOfUnit'] & { group: string };

export class Week {
  shifts = $state.raw<Schemas['Shifts'] | null>(null);
  rota = $state.raw<Schemas['UnitRota'] | null>(null);
  people = $state.raw<Person[]>([]);
  holidays = $state.raw<Record<string, string>>({});
  handovers = $state(0);
  loading = $state(true);
  problem = $state.raw<Problem | null>(null);
  #asked = 0;

  /** Who may change this unit's rota; responders swap for themselves. */
  get mayChange(): boolean {
    return ['operator', 'supervisor', 'desk'].includes(me.role);
  }

  days(from: string): Day[] {
    return weekFrom(from);
  }

  async load(unit: string, from: string): Promise<void> {
    const asked = ++this.#asked;
    this.loading = true;
    try {
      const path = { unit };
      const [shifts, rota, details, year, waiting] = await Promise.all([
        read('/rota/units/{unit}/shifts', { path, query: { from, days: DAYS } }),
        read('/rota/units/{unit}', { path }),
        read('/units/{unit}', { path }),
        read('/rota/holidays', { query: { year: Number(from.slice(0, 4)) } }),
        read('/rota/handovers', { query: { unit, unaccepted: true, limit: 50 } }),
      ]);
      if (asked !== this.#asked) return; // another unit or week was chosen meanwhile
      this.shifts = shifts;
      this.rota = rota;
      this.people = inGroups(details.people, rota, from);
      this.holidays = year.holidays;
      this.handovers = waiting.items.length;
      this.problem = null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (asked === this.#asked) this.problem = error.problem;
    } finally {
      if (asked === this.#asked) this.loading = false;
    }
  }
}

/** By their groups, as the rotation names them; whoever turns in none comes last. */
function inGroups(people: Schemas['PersonOfUnit'][], rota: Schemas['UnitRota'], from: string): Person[] {
  const groups = groupsOf(rotationOn(from, rota.rotations) ?? rota.rotations[0]);
  const group = (code: string) => groups.find(({ members }) => members.includes(code))?.name ?? '';
  const place = (name: string) => (name === '' ? groups.length : groups.findIndex((one) => one.name === name));
  return people
    .map((one) => ({ ...one, group: group(one.code) }))
    .sort((one, other) => place(one.group) - place(other.group) || one.code.localeCompare(other.code));
}
