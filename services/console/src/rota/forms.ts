/** The changes of a rota that a form asks for: what has to be said, what is filled in, and how it is sent. */

import { typedTime } from '../board/body';
import type { Field } from '../board/acts';
import { Refusal, send, type Schemas } from '../shared/http';
import { named, t } from '../shared/words.svelte';
import type { Act } from './Entries.svelte';
import type { Cell, Day } from './week';

export type What = 'on' | 'off' | 'leave' | 'swap';
export const KEYS: Record<What, string> = { on: 'o', off: 'f', leave: 'l', swap: 'w' };

export interface Change {
  what: What;
  unit: string;
  who: string;
  day: Day;
}

const FROM_TO: Field[] = [
  { name: 'starts_at', kind: 'time', label: 'rota.from', needed: true },
  { name: 'ends_at', kind: 'time', label: 'rota.until', needed: true },
];

/** `others` are the people of the unit besides the one it is about. */
export function fieldsOf(what: What, others: Schemas['PersonOfUnit'][], shifts: readonly string[]): Field[] {
  const options = others.map(({ code, name }) => [code, `${name} ${code}`] as [string, string]);
  if (what === 'on') {
    const names = shifts.map((shift) => [shift, named('shift', shift)] as [string, string]);
    return [...FROM_TO, { name: 'shift', kind: 'pick', label: 'rota.shift', options: names }];
  }
  if (what !== 'swap') return FROM_TO;
  return [
    { name: 'other', kind: 'pick', label: 'rota.other', needed: true, options },
    ...FROM_TO,
    { name: 'takes_from', kind: 'time', label: 'rota.takes_from' },
    { name: 'takes_until', kind: 'time', label: 'rota.takes_until' },
  ];
}

/** What most will want: the gap of the day, the person's own shift, or the whole day. */
export function usual({ what, day }: Change, cell: Cell, gaps: Schemas['GapView'][]): Record<string, string> {
  const gap = gaps[0];
  const shift = cell.worked.find(({ runsOn }) => !runsOn)?.shift ?? cell.worked[0]?.shift;
  const whole: [number, number] = [day.startMs, day.endMs];
  const span = (one: { starts_at: string; ends_at: string }): [number, number] => [Date.parse(one.starts_at), Date.parse(one.ends_at)];
  const [from, until] = what === 'on' && gap ? span(gap) : what !== 'leave' && what !== 'on' && shift ? span(shift) : whole;
  return { starts_at: typedTime(from), ends_at: typedTime(until), ...(what === 'on' && gap?.shift ? { shift: gap.shift } : {}) };
}

/** The ids that were made: what an undo takes back. Raises Refusal, with the field's fault in words. */
export async function sendChange(change: Change, body: Record<string, unknown>, key: string): Promise<{ ids: number[]; faults: Schemas['FaultView'][] }> {
  const path = { unit: change.unit };
  const window = { starts_at: body['starts_at'], ends_at: body['ends_at'] };
  try {
    if (change.what === 'swap') {
      const { takes_from, takes_until } = body;
      const takes = takes_from && takes_until ? { starts_at: takes_from, ends_at: takes_until } : null;
      const said = { asker: change.who, other: body['other'], gives: window, takes };
      const asked = await send('/rota/units/{unit}/swaps', { path, body: said as never, key });
      return { ids: [asked.id], faults: [] };
    }
    if (change.what === 'leave') return await send('/rota/units/{unit}/leave', { path, body: { responder: change.who, ...window } as never, key });
    const put = { responder: change.who, ...window, put: change.what === 'on' ? 'ON' : 'OFF', shift: body['shift'] ?? '' };
    return await send('/rota/units/{unit}/overrides', { path, body: put as never, key });
  } catch (error) {
    throw error instanceof Refusal ? inWords(error) : error;
  }
}

/** An entry or a swap, as it was seen. */
export async function sendAnswer(unit: string, act: Act, key: string): Promise<void> {
  if (act.kind === 'withdraw') {
    await send('/rota/units/{unit}/entries/{entry}/withdrawal', { path: { unit, entry: act.entry.id }, key, seen: act.entry.etag });
    return;
  }
  const given = { path: { unit, swap: act.swap.id }, key, seen: act.swap.etag };
  if (act.kind === 'accept') await send('/rota/units/{unit}/swaps/{swap}/acceptance', given);
  else if (act.kind === 'refuse') await send('/rota/units/{unit}/swaps/{swap}/refusal', given);
  else await send('/rota/units/{unit}/swaps/{swap}/withdrawal', given);
}

/** The same act on the row as it is by now; as it was, where the row is no longer listed. */
export function asItIs(act: Act, rota: Schemas['UnitRota'] | null): Act {
  if (act.kind === 'withdraw') return { ...act, entry: rota?.entries.find(({ id }) => id === act.entry.id) ?? act.entry };
  return { ...act, swap: rota?.swaps.find(({ id }) => id === act.swap.id) ?? act.swap };
}

const WHY: Record<string, () => string> = {
  responder: () => t('rota.fault_responder'),
  ends_at: () => t('rota.fault_ends_at'),
  other: () => t('rota.fault_other'),
  gives: () => t('rota.fault_gives'),
  takes: () => t('rota.fault_takes'),
  groups: () => t('rota.fault_groups'),
  starts_on: () => t('rota.fault_starts_on'),
  minimum: () => t('rota.fault_minimum'),
};

/** A refusal that names a field says here what is wrong with it. */
export function inWords({ problem }: Refusal): Refusal {
  const why = WHY[problem.field ?? ''];
  return new Refusal(problem.code === 'incomplete' && why ? { ...problem, detail: why() } : problem);
}
