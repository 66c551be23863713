/** Who may be sent a link to a case: who holds it, and who is named for a unit beside. Pure. */

import type { Schemas } from '../shared/http';

const SENDERS = ['operator', 'supervisor', 'desk'];
const ENDED = ['CLOSED', 'CANCELLED', 'TRANSFERRED'];

export function reachable(view: Pick<Schemas['WholeCase'], 'state' | 'responder' | 'co_assigned'>): string[] {
  if (ENDED.includes(view.state)) return [];
  const beside = view.co_assigned.map(({ responder }) => responder);
  return [...new Set([view.responder, ...beside].filter((one) => one !== null))];
}

export function maySendLink(role: string, view: Parameters<typeof reachable>[0]): boolean {
  return SENDERS.includes(role) && reachable(view).length > 0;
}
