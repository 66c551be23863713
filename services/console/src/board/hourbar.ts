/** The stages of a case as the hour's bar shows them: where each ended, and whether in time. Pure. */

import type { Schemas } from '../shared/http';

const ON_THE_WAY = ['ASSIGN', 'ACK', 'FIRST_ATTEMPT', 'CONTACT', 'DISSUADE', 'FEEDBACK'];

export function stagesOf(view: Pick<Schemas['WholeCase'], 'limits'>) {
  return view.limits
    .filter(({ kind, stopped_at }) => ON_THE_WAY.includes(kind) && stopped_at !== null)
    .map((limit) => ({
      kind: `${limit.kind} ${limit.round}`,
      startMs: Date.parse(limit.started_at),
      endMs: Date.parse(limit.stopped_at!),
      dueMs: Date.parse(limit.due_at),
      late: limit.on_time === false,
    }));
}
