/** A case change of the stream, laid over what the board knows. Pure. */

import type { Line, Limit } from '../shared/limits';

/** What `event: case` brings: schemas/case.py. */
export interface Changed {
  case_id: string;
  version: number;
  turn: number;
  changes: { action: string; timer: string | null; by: string }[];
  state: string;
  outcome: string | null;
  risk: string;
  mode: string;
  responsible_unit: string | null;
  assigned_unit: string | null;
  responder: string | null;
  at: string;
  timers: { kind: string; round: number; due_at: string; at_risk_at: string | null }[];
  next_due_at: string | null;
  total_due_at: string | null;
}

/** The line after the change; the same line where the change is older than it, null where it cannot be told from it. */
export function laidOver(line: Line, changed: Changed): Line | null {
  if (changed.version <= line.version) return line;
  if (changed.changes.some(({ action }) => action === 'REPEAT')) return null; // the person or the place may be another
  return {
    ...line,
    version: changed.version,
    turn: changed.turn,
    state: changed.state as Line['state'],
    outcome: changed.outcome as Line['outcome'],
    risk: changed.risk as Line['risk'],
    responsible_unit: changed.responsible_unit,
    assigned_unit: changed.assigned_unit,
    responder: changed.responder,
    next_due_at: changed.next_due_at,
    total_due_at: changed.total_due_at,
    limits: changed.timers.map((timer) => limitOf(line, timer, changed.at)),
    missed: [...new Set([...line.missed, ...changed.changes.filter(isBreach).map(({ timer }) => timer as Line['missed'][number])])],
  };
}

/** A lease is no limit that people work to: FIRST_ATTEMPT is. */
function isBreach({ action, timer }: Changed['changes'][number]): boolean {
  return action === 'BREACH' && timer !== 'LEASE';
}

/** A limit that is new began with the change: the message does not say when. */
function limitOf(line: Line, timer: Changed['timers'][number], at: string): Limit {
  const known = line.limits.find(({ kind, round }) => kind === timer.kind && round === timer.round);
  return {
    kind: timer.kind as Limit['kind'],
    round: timer.round,
    started_at: known?.started_at ?? at,
    due_at: timer.due_at,
    at_risk_at: timer.at_risk_at,
    at_risk: known?.at_risk ?? false,
    level: known?.level ?? 0,
    next_level_at: known?.next_level_at ?? null,
    breached_at: known?.breached_at ?? null,
    stopped_at: null,
    left_s: null,
    late_s: null,
    on_time: null,
  };
}

/** What the board says aloud and sounds for, the loudest first; null for everything quiet. */
export type Alarm = 'overdue' | 'escalated' | 'new';

export function alarmOf(changed: Changed): Alarm | null {
  const actions = changed.changes.map(({ action }) => action);
  if (changed.changes.some(isBreach)) return 'overdue';
  if (actions.some((action) => action === 'ESCALATE' || action === 'EXPIRE')) return 'escalated';
  return actions.includes('OPEN') ? 'new' : null;
}
