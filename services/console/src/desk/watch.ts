/** Who of a unit is on duty, the freest first. Pure. */

import type { Schemas } from '../shared/http';

type Person = Schemas['PersonOfUnit'];

export interface OnWatch {
  code: string;
  name: string;
  held: number;
  free: boolean; // can be sent, as far as anybody said
  availability: Person['availability'];
  activity: Person['activity'];
}

export function strip(people: readonly Person[], present: readonly { responder: string }[]): OnWatch[] {
  const onDuty = new Set(present.map(({ responder }) => responder));
  return people
    .filter(({ code }) => onDuty.has(code))
    .map(({ code, name, open_cases, availability, activity }) => ({
      code, name, held: open_cases, availability, activity, free: availability !== 'NOT_AVAILABLE',
    }))
    .sort((one, other) => Number(other.free) - Number(one.free) || one.held - other.held || one.code.localeCompare(other.code));
}
