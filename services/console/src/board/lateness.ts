/** Why a case was late, in words: who had how long for what, whom that called in, and who did it then. Pure. */

import { clockTime, span } from '../shared/format';
import type { Schemas } from '../shared/http';
import { listed, named, t } from '../shared/words.svelte';
import { me } from './me.svelte';
import { whom } from './notice';

type Limit = Schemas['LimitView'];
type Fact = Schemas['Happened'];

export interface Missed {
  key: string;
  kind: Limit['kind'];
  round: number;
  words: string[]; // sentences, in the order in which it went
}

const NO_ACTS = ['OPEN', 'AT_RISK', 'BREACH', 'ESCALATE']; // what stops no limit, though it may be told of the same moment
const HOLDERS = ['ASSIGN', 'REASSIGN', 'ACKNOWLEDGE'];
const SILENCE = ['EXPIRE', 'LAPSE']; // nobody's act stopped the limit: the case was taken back
const CENTRES = ['ASSIGN', 'REVIEW'];

/** Every limit that was found breached, the first that was due first; a lease is none. */
export function missedOf(view: Schemas['WholeCase'], facts: Fact[], now: number): Missed[] {
  return view.limits
    .filter(({ kind, breached_at }) => breached_at !== null && kind !== 'LEASE')
    .sort((one, other) => Date.parse(one.due_at) - Date.parse(other.due_at))
    .map((limit) => ({
      key: `${limit.kind} ${limit.round}`,
      kind: limit.kind,
      round: limit.round,
      words: [asked(view, limit, facts), calledIn(view, limit), ...came(limit, facts, now)].filter((words) => words !== ''),
    }));
}

function asked(view: Schemas['WholeCase'], limit: Limit, facts: Fact[]): string {
  const had = { time: clockTime(limit.due_at), span: span(Date.parse(limit.due_at) - Date.parse(limit.started_at)) };
  const came = Date.parse(view.stamps.received_at) >= Date.parse(limit.due_at);
  if (came) return t('late.arrived', had);
  if (limit.kind === 'TOTAL') return t('late.asked_total', had);
  return t('late.asked', { ...had, who: accountable(limit, facts) });
}

/** Who had to act when the limit began. */
function accountable({ kind, started_at }: Limit, facts: Fact[]): string {
  if (CENTRES.includes(kind)) return t('late.centre');
  if (kind === 'STOP_CONFIRM') return named('role', 'bank');
  const from = Date.parse(started_at);
  const last = facts.filter(({ action, at }) => HOLDERS.includes(action) && Date.parse(at) <= from).at(-1);
  return last === undefined ? t('late.centre') : holder(last);
}

function holder({ detail, unit }: Fact): string {
  const place = (detail['unit'] ?? unit) as string | null;
  return [place === null ? '' : me.unit(place), detail['responder'] as string | null].filter(Boolean).join(' ');
}

function calledIn(view: Schemas['WholeCase'], limit: Limit): string {
  const told = view.told.filter(({ kind, timer, round }) => kind === 'BREACHED' && timer === limit.kind && round === limit.round);
  return told.length === 0 ? '' : t('late.told', { who: listed(told.map((one) => `${whom(one)} ${clockTime(one.created_at)}`)) });
}

function came(limit: Limit, facts: Fact[], now: number): string[] {
  const late = (until: number) => span(until - Date.parse(limit.due_at));
  if (limit.stopped_at === null) return [t('late.still', { late: late(now) })];
  const stopped = Date.parse(limit.stopped_at);
  const place = facts.findIndex(({ action, at }) => Date.parse(at) === stopped && !NO_ACTS.includes(action));
  const act = facts[place];
  if (act === undefined) return [t('late.over', { time: clockTime(stopped), late: late(stopped) })];
  if (!SILENCE.includes(act.action)) {
    const who = act.role === 'system' ? named('role', 'system') : act.actor;
    return [t('late.done', { who, what: named('action', act.action), time: clockTime(stopped), late: late(stopped) })];
  }
  return next(facts.slice(place + 1));
}

/** Whom a case went to that was taken back. */
function next(after: Fact[]): string[] {
  const given = after.findIndex(({ action }) => action === 'ASSIGN');
  const taken = after.slice(given + 1).find(({ action }) => HOLDERS.includes(action) || SILENCE.includes(action));
  if (given < 0) return [t('late.queue')];
  const words = [t('late.next', { who: holder(after[given]!), time: clockTime(after[given]!.at) })];
  if (taken?.action === 'ACKNOWLEDGE') words.push(t('late.taken', { who: holder(taken), time: clockTime(taken.at) }));
  return words;
}
