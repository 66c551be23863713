/** What a case's limits say at one moment. Pure: the moment is given, nothing is fetched and nothing is kept. */

import type { Schemas } from './http';

export type Line = Schemas['Line'];
export type Limit = Schemas['LimitView'];

/** How near the end is: from half of a limit on `soon`, from its at-risk mark on `risk`, after its end `over`. */
export type Nearness = 'calm' | 'soon' | 'risk' | 'over';

export interface Left {
  kind: string;
  dueMs: number;
  leftMs: number; // negative: late by so much
  share: number; // of the limit that is spent, 0 to 1
  nearness: Nearness;
}

const RISKS = ['URGENT', 'HIGH', 'MEDIUM', 'LOW'];
const AT_RISK = 0.75;
/** LEASE only says when an acknowledgement becomes void; FIRST_ATTEMPT is the limit people work to. */
const NOT_SHOWN = new Set(['TOTAL', 'LEASE']);

export function left(limit: Limit, now: number): Left {
  const [started, due] = [Date.parse(limit.started_at), Date.parse(limit.due_at)];
  const share = due <= started ? 1 : Math.min(1, Math.max(0, (now - started) / (due - started)));
  const marked = limit.at_risk || (limit.at_risk_at !== null && Date.parse(limit.at_risk_at) <= now);
  return { kind: limit.kind, dueMs: due, leftMs: due - now, share, nearness: nearnessOf(due - now, share, marked) };
}

function nearnessOf(leftMs: number, share: number, marked: boolean): Nearness {
  if (leftMs <= 0) return 'over';
  if (marked || share >= AT_RISK) return 'risk';
  return share >= 0.5 ? 'soon' : 'calm';
}

/** The running limit that ends next, the hour aside; null where none runs. */
export function nextLimit(line: Line, now: number): Left | null {
  const next = running(line).filter((limit) => !NOT_SHOWN.has(limit.kind)).sort(byDue)[0];
  return next === undefined ? null : left(next, now);
}

/** The hour; null once it is stopped. */
export function hour(line: Line, now: number): Left | null {
  const total = running(line).find((limit) => limit.kind === 'TOTAL');
  return total === undefined ? null : left(total, now);
}

export function running(line: Line): Limit[] {
  return line.limits.filter((limit) => limit.stopped_at === null);
}

/** When the case next needs somebody; far away where nothing runs. It does not change with time, so no tick reorders. */
export function urgency(line: Line): number {
  const known = urgencies.get(line);
  if (known !== undefined) return known;
  const found = earliest(line);
  urgencies.set(line, found);
  return found;
}

/** A line never changes, it is replaced; sorting thousands would else read each time twenty times over. */
const urgencies = new WeakMap<Line, number>();

function earliest(line: Line): number {
  const due = running(line)
    .filter((limit) => limit.kind !== 'LEASE')
    .map((limit) => Date.parse(limit.due_at));
  return due.length === 0 ? Number.MAX_SAFE_INTEGER : Math.min(...due);
}

/** Most urgent first: by the earliest end, then by risk, then the oldest. */
export function moreUrgent(one: Line, other: Line): number {
  return (
    urgency(one) - urgency(other) ||
    RISKS.indexOf(one.risk) - RISKS.indexOf(other.risk) ||
    one.issued_at.localeCompare(other.issued_at) ||
    one.case_id.localeCompare(other.case_id)
  );
}

/** Whether one of a case's limits is over and runs on. */
export function isOver(line: Line, now: number): boolean {
  return urgency(line) <= now;
}

/** The worst of a case's running limits. */
export function nearness(line: Line, now: number): Nearness {
  const order: Nearness[] = ['over', 'risk', 'soon', 'calm'];
  const found = running(line).filter((limit) => limit.kind !== 'LEASE').map((limit) => left(limit, now).nearness);
  return order.find((one) => found.includes(one)) ?? 'calm';
}

function byDue(one: Limit, other: Limit): number {
  return Date.parse(one.due_at) - Date.parse(other.due_at);
}
