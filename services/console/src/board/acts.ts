/** What may be done with a case: from which states, by whom, what has to be said, and which key does it. The server decides. */

import type { Schemas } from '../shared/http';
import type { Key } from '../shared/words.svelte';

type State = Schemas['State'];
type Role = 'operator' | 'supervisor' | 'desk' | 'responder';

export type Field =
  | { name: string; kind: 'text' | 'line'; label: Key; needed?: boolean; most: number }
  | { name: string; kind: 'money' | 'time' | 'unit'; label: Key; needed?: boolean }
  | { name: string; kind: 'responder'; label: Key; needed?: boolean; of: string }
  | { name: string; kind: 'yes'; label: Key; needed?: false }
  | { name: string; kind: 'choice'; label: Key; needed?: boolean; words: 'risk' | 'outcome' | 'attempt' | 'channel' | 'mode' | 'result' | 'level' | 'purpose'; options: string[] }
  | { name: string; kind: 'pick'; label: Key; needed?: boolean; options: [value: string, label: string][] }
  | { name: string; kind: 'fraud'; label: Key; needed?: boolean };

export interface Act {
  name: string; // also of its words: act.NAME, and what it does: does.NAME
  path: string; // below /cases/{case_id}/
  key: string;
  from: State[];
  may: Role[];
  fields: Field[];
  fixed?: Record<string, unknown>;
  while?: string; // only as long as this limit runs
  grave?: boolean; // cannot be taken back by the same hand
  undo?: string; // the act that takes it back
}

const BEFORE_CONCLUDED: State[] = ['PENDING', 'ASSIGNED', 'ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED'];
const UNDER_WAY: State[] = ['ASSIGNED', 'ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED', 'CONCLUDED'];
const CENTRE: Role[] = ['operator', 'supervisor'];
const FIELD: Role[] = ['responder', 'desk'];
const REASON: Field = { name: 'reason', kind: 'text', label: 'field.reason', needed: true, most: 500 };
const NOTE: Field = { name: 'note', kind: 'text', label: 'field.note', most: 2000 };
const SENT_TO: Field[] = [
  { name: 'unit', kind: 'unit', label: 'field.unit', needed: true },
  { name: 'responder', kind: 'responder', label: 'field.responder', needed: true, of: 'unit' },
];
const RESULTS = [
  'REACHED_VOICE', 'REACHED_IN_PERSON', 'REACHED_FAMILY', 'BUSY', 'NO_ANSWER', 'HUNG_UP', 'POWERED_OFF',
  'INVALID_NUMBER', 'BLOCKED', 'NOT_HOME', 'SMS_DELIVERED', 'SMS_FAILED', 'SET_OUT', 'ARRIVED',
];
const OUTCOMES = [
  'DISSUADED_NO_LOSS', 'DISSUADED_PARTIAL_LOSS', 'DEFRAUDED_BEFORE_WARNING', 'DEFRAUDED_AFTER_WARNING', 'REFUSED',
  'OUT_OF_AREA', 'FALSE_POSITIVE', 'WRONG_PERSON',
];

export const ACTS: Act[] = [
  { name: 'assign', path: 'assignment', key: 'r', from: ['PENDING'], may: CENTRE, fields: [...SENT_TO, REASON] },
  { name: 'reassign', path: 'assignment', key: 'r', from: UNDER_WAY, may: [...CENTRE, 'desk'], fields: [...SENT_TO, REASON] },
  { name: 'acknowledge', path: 'acknowledgement', key: 'a', from: ['ASSIGNED'], may: FIELD, fields: [] },
  { name: 'second_acknowledge', path: 'second-acknowledgement', key: 'y', from: UNDER_WAY.slice(1), may: [...CENTRE, ...FIELD], fields: [], while: 'SECOND_ACK' },
  { name: 'attempt', path: 'attempts', key: 't', from: ['ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED', 'CONCLUDED', 'REPORTED'], may: ['responder'],
    fields: [
      { name: 'channel', kind: 'choice', label: 'field.channel', needed: true, words: 'channel', options: ['call', 'sms', 'visit', 'family'] },
      { name: 'result', kind: 'choice', label: 'field.result', needed: true, words: 'attempt', options: RESULTS },
      NOTE,
    ] },
  { name: 'contact', path: 'contact', key: 'v', from: ['IN_PROGRESS'], may: ['responder'],
    fields: [{ name: 'mode', kind: 'choice', label: 'field.mode', needed: true, words: 'mode', options: ['voice', 'in_person', 'family'] }] },
  { name: 'conclude', path: 'conclusion', key: 'o', from: ['CONTACTED', 'IN_PROGRESS'], may: ['responder'],
    fields: [
      { name: 'outcome', kind: 'choice', label: 'field.outcome', needed: true, words: 'outcome', options: OUTCOMES },
      { name: 'loss_before_fen', kind: 'money', label: 'field.loss_before' },
      { name: 'loss_after_fen', kind: 'money', label: 'field.loss_after' },
      { name: 'amount_saved_fen', kind: 'money', label: 'field.saved' },
      { name: 'awakened', kind: 'yes', label: 'field.awakened' },
      { name: 'app_installed', kind: 'yes', label: 'field.app' },
      NOTE,
    ] },
  { name: 'report', path: 'feedback', key: 'f', from: ['CONCLUDED'], may: ['responder'],
    fields: [{ name: 'text', kind: 'text', label: 'field.feedback', needed: true, most: 5000 }] },
  { name: 'close', path: 'closing', key: 'c', from: ['REPORTED'], may: CENTRE, fields: [NOTE], undo: 'reopen' },
  { name: 'return', path: 'return', key: 'b', from: ['REPORTED'], may: CENTRE,
    fields: [{ name: 'text_only', kind: 'yes', label: 'field.text_only' }, REASON] },
  { name: 'reopen', path: 'reopening', key: 'b', from: ['CLOSED'], may: ['supervisor'], fields: [REASON] },
  { name: 'receive', path: 'receipt', key: 'c', from: ['TRANSFERRED'], may: CENTRE,
    fields: [{ name: 'number', kind: 'line', label: 'field.their_number', most: 64 }, NOTE] },
  { name: 'stop', path: 'stop-payment', key: 's', may: [...CENTRE, ...FIELD],
    from: ['ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED', 'CONCLUDED', 'REPORTED'],
    fields: [
      { name: 'payee_name', kind: 'line', label: 'field.payee', needed: true, most: 100 },
      { name: 'account', kind: 'line', label: 'field.account', needed: true, most: 64 },
      { name: 'bank', kind: 'line', label: 'field.bank', needed: true, most: 100 },
      { name: 'amount_fen', kind: 'money', label: 'field.amount', needed: true },
      { name: 'transferred_at', kind: 'time', label: 'field.transferred_at', needed: true },
      { name: 'by_hand', kind: 'yes', label: 'field.by_hand' },
    ] },
  { name: 'risk', path: 'risk', key: 'u', from: [...BEFORE_CONCLUDED, 'CONCLUDED', 'REPORTED'], may: CENTRE,
    fields: [{ name: 'risk', kind: 'choice', label: 'field.risk', needed: true, words: 'risk', options: ['URGENT', 'HIGH', 'MEDIUM', 'LOW'] }, REASON],
    undo: 'risk' },
  { name: 'escalate', path: 'escalate', key: 'e', from: [...BEFORE_CONCLUDED, 'CONCLUDED', 'REPORTED'], may: CENTRE,
    fields: [{ name: 'level', kind: 'choice', label: 'field.level', needed: true, words: 'level', options: ['1', '2', '3'] }, REASON] },
  { name: 'co_assign', path: 'co-assignments', key: 'w', from: UNDER_WAY, may: CENTRE,
    fields: [
      { name: 'unit', kind: 'unit', label: 'field.unit', needed: true },
      { name: 'responder', kind: 'responder', label: 'field.responder', of: 'unit' },
      REASON,
    ] },
  { name: 'contact_lost', path: 'contact-lost', key: 'l', from: ['CONTACTED'], may: ['responder'], fields: [] },
  { name: 'decline', path: 'decline', key: 'n', from: ['ASSIGNED'], may: FIELD, fields: [REASON], grave: true },
  { name: 'hand_over', path: 'hand-over', key: 'h', from: ['ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED'], may: FIELD, fields: [REASON], grave: true },
  { name: 'give_up', path: 'conclusion', key: 'g', from: ['IN_PROGRESS'], may: ['supervisor'], fixed: { outcome: 'NOT_REACHED' }, fields: [NOTE], grave: true },
  { name: 'transfer', path: 'transfer', key: 'm', from: ['PENDING', 'ASSIGNED', 'ACKNOWLEDGED', 'IN_PROGRESS'], may: CENTRE,
    fields: [{ name: 'to', kind: 'line', label: 'field.to_centre', needed: true, most: 100 }, REASON], grave: true },
  { name: 'cancel', path: 'cancellation', key: 'x', from: BEFORE_CONCLUDED, may: ['supervisor'], fields: [REASON], grave: true },
];

/** In each state the one act that leads on, by whoever may do it. */
const NEXT: Partial<Record<State, string[]>> = {
  PENDING: ['assign'],
  ASSIGNED: ['acknowledge', 'reassign'],
  ACKNOWLEDGED: ['attempt', 'reassign'],
  IN_PROGRESS: ['contact', 'reassign'],
  CONTACTED: ['conclude', 'reassign'],
  CONCLUDED: ['report', 'reassign'],
  REPORTED: ['close'],
  CLOSED: ['reopen'],
  TRANSFERRED: ['receive'],
};

/** `running` are the kinds of the limits that run for the case. */
export function allowed(state: State, role: string, running: string[] = []): Act[] {
  return ACTS.filter(
    (act) => act.from.includes(state) && (act.may as string[]).includes(role) && (act.while === undefined || running.includes(act.while)),
  );
}

type Held = Pick<Schemas['WholeCase'], 'state' | 'assigned_unit' | 'responder' | 'co_assigned'>;
const BY_ANYBODY = ['acknowledge', 'second_acknowledge']; // of the unit: who holds the case is settled by it
const BESIDE = ['attempt', 'contact', 'contact_lost', 'conclude', 'report']; // also by who is named for a co-assigned unit

/** Of `acts` those that are somebody's own: below the centre a case is its unit's, and its steps are who holds it's. */
export function own(acts: Act[], { assigned_unit, responder, co_assigned }: Held, who: Pick<Schemas['Me'], 'role' | 'unit' | 'responder'>): Act[] {
  if (!(FIELD as string[]).includes(who.role)) return acts;
  const ofUnit = assigned_unit === who.unit;
  if (who.role === 'desk') return ofUnit ? acts : [];
  if (ofUnit && responder === who.responder) return acts;
  const named = co_assigned.some((one) => one.unit === who.unit && one.responder === who.responder);
  return acts.filter(({ name }) => (ofUnit && BY_ANYBODY.includes(name)) || (named && BESIDE.includes(name)));
}

export function nextAct(state: State, role: string, acts: Act[] = allowed(state, role)): Act | undefined {
  return (NEXT[state] ?? []).map((name) => acts.find((act) => act.name === name)).find((act) => act !== undefined);
}

export function actNamed(name: string): Act | undefined {
  return ACTS.find((act) => act.name === name);
}
