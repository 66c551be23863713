/** What may be done with a case on the phone, and where a case will be once the queue has gone out. Pure; the server decides. */

import { ACTS, allowed, type Act, type Field } from '../board/acts';
import type { Schemas } from '../shared/http';
import type { Line } from '../shared/limits';
import type { Item } from './kept';

export type State = Schemas['State'];
export type Who = Pick<Schemas['Me'], 'role' | 'unit' | 'responder'>;

export interface Step {
  name: string;
  path: string; // below /cases/{case_id}/
  chained: boolean;
  fields: Field[];
}

/** Beside the loop: these name no turn. */
const UNSEEN = new Set(['second_acknowledge', 'hold', 'note', 'photo']);
const OFFERED = ['acknowledge', 'second_acknowledge', 'attempt', 'contact', 'conclude', 'report', 'stop', 'contact_lost', 'hand_over', 'decline'];
const HOLD: Step = {
  name: 'hold',
  path: 'protective-hold',
  chained: false,
  fields: [{ name: 'reason', kind: 'text', label: 'field.reason', needed: true, most: 500 }],
};
const NOTE: Step = {
  name: 'note',
  path: 'notes',
  chained: false,
  fields: [{ name: 'text', kind: 'text', label: 'field.note', needed: true, most: 2000 }],
};
const PHOTO: Step = { name: 'photo', path: 'evidence', chained: false, fields: [] };
const FOUND: State[] = ['ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED', 'CONCLUDED', 'REPORTED'];

/** Whether this person works on the case, or is named for a co-assigned unit. */
export function isMine(line: Line, who: Who): boolean {
  if (who.role === 'desk') return line.assigned_unit === who.unit;
  if (line.assigned_unit === who.unit && line.responder === who.responder) return true;
  return line.co_assigned.some(({ unit, responder }) => unit === who.unit && responder === who.responder);
}

/** The steps that the state allows, the one that leads on first. */
export function stepsOf(line: Line, who: Who): Step[] {
  const running = line.limits.filter(({ stopped_at }) => stopped_at === null).map(({ kind }) => kind as string);
  const mine = isMine(line, who);
  const may = allowed(line.state, who.role, running).filter(({ name }) => OFFERED.includes(name));
  const shown = may
    .filter(({ name }) => mine || name === 'acknowledge' || name === 'second_acknowledge')
    .filter(({ name }) => name !== 'second_acknowledge' || !(mine && who.role === 'responder'))
    .sort((one, other) => OFFERED.indexOf(one.name) - OFFERED.indexOf(other.name))
    .map(stepOf);
  if (mine && line.outcome === 'REFUSED' && ['CONCLUDED', 'REPORTED'].includes(line.state)) shown.push(HOLD);
  if (mine && FOUND.includes(line.state)) shown.push(PHOTO, NOTE);
  return shown;
}

export function stepNamed(name: string): Step | undefined {
  const act = ACTS.find((one) => one.name === name);
  return act === undefined ? [HOLD, NOTE, PHOTO].find((one) => one.name === name) : stepOf(act);
}

function stepOf({ name, path, fields }: Act): Step {
  return { name, path, fields, chained: !UNSEEN.has(name) };
}

/** In each state the one step that leads on. */
const NEXT: Partial<Record<State, string>> = {
  ASSIGNED: 'acknowledge',
  ACKNOWLEDGED: 'attempt',
  IN_PROGRESS: 'contact',
  CONTACTED: 'conclude',
  CONCLUDED: 'report',
};
const BESIDE = new Set<string>(['TOTAL', 'STOP_REQUEST', 'STOP_CONFIRM', 'VISIT', 'SECOND_ACK']);

export function leading(steps: Step[], state: State): Step | undefined {
  return steps.find(({ name }) => name === NEXT[state]);
}

const LEADS: Record<string, Partial<Record<State, State>>> = {
  acknowledge: { ASSIGNED: 'ACKNOWLEDGED' },
  attempt: { ACKNOWLEDGED: 'IN_PROGRESS' },
  contact: { IN_PROGRESS: 'CONTACTED' },
  contact_lost: { CONTACTED: 'IN_PROGRESS' },
  conclude: { CONTACTED: 'CONCLUDED', IN_PROGRESS: 'CONCLUDED' },
  report: { CONCLUDED: 'REPORTED' },
  decline: { ASSIGNED: 'PENDING' },
  hand_over: { ACKNOWLEDGED: 'PENDING', IN_PROGRESS: 'PENDING', CONTACTED: 'PENDING' },
};

/** The case as it will be: what waits is taken as done, up to the first that was refused. */
export function presumed(line: Line, items: Item[], who: Who): Line {
  let { state, responder, outcome } = line;
  for (const item of items) {
    if (item.caseId !== line.case_id) continue;
    if (item.state === 'refused') break;
    if (item.state === 'done' && (item.answer?.version ?? 0) <= line.version) continue;
    const to = LEADS[item.act]?.[state];
    if (to === undefined) continue;
    state = to;
    if (item.act === 'acknowledge' && who.responder != null) responder = who.responder;
    if (item.act === 'conclude') outcome = item.body['outcome'] as Line['outcome'];
  }
  if (state === line.state) return line;
  const limits = line.limits.filter(({ kind }) => state !== 'REPORTED' && BESIDE.has(kind)); // the stages' are the server's to say
  return { ...line, state, responder, outcome, limits };
}
