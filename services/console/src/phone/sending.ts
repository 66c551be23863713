/** One item on its way to the api, and what the answer means for the queue. */

import * as auth from '../shared/auth';
import { language } from '../shared/words.svelte';
import type { Item } from './kept';
import type { Sent } from './queue';

const WITHIN_MS = 20_000;
const FILE_WITHIN_MS = 120_000;
const LATER = new Set([408, 425, 429]);

export async function sendItem(item: Item): Promise<Sent> {
  const headers: Record<string, string> = {
    ...auth.headers(),
    'idempotency-key': item.key,
    'accept-language': language(),
    'content-type': item.file?.type ?? 'application/json',
  };
  if (item.chained && item.after !== null) headers['after-key'] = item.after;
  else if (item.chained && item.turn !== null) headers['if-match'] = `"${item.turn}"`;
  const occurred: Record<string, string> = item.timeDropped ? {} : { occurred_at: new Date(item.tappedAt).toISOString() };
  const query = item.file === undefined ? '' : `?${new URLSearchParams({ ...(item.body as Record<string, string>), ...occurred })}`;
  let answer: Response;
  try {
    answer = await fetch(item.path + query, {
      method: 'POST',
      headers,
      body: item.file?.bytes ?? JSON.stringify({ ...item.body, ...occurred }),
      signal: AbortSignal.timeout(item.file === undefined ? WITHIN_MS : FILE_WITHIN_MS),
      cache: 'no-store',
    });
  } catch {
    return { what: 'later' };
  }
  return meaning(answer);
}

/** 5xx and "too many" come again; every other refusal stays one until somebody has looked at it. */
export async function meaning(answer: Response): Promise<Sent> {
  const told = (await answer.json().catch(() => null)) as Record<string, never> | null;
  if (answer.ok && told !== null) return { what: 'done', answer: told as never };
  if (answer.status === 401) return { what: 'nobody' };
  if (told === null || answer.status >= 500 || LATER.has(answer.status)) {
    const seconds = Number(answer.headers.get('retry-after'));
    return { what: 'later', afterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined };
  }
  const why = {
    code: String(told['type'] ?? '').replace('/problems/', ''),
    status: answer.status,
    title: String(told['title'] ?? ''),
    detail: String(told['detail'] ?? ''),
    requestId: String(told['request_id'] ?? ''),
    holder: told['holder'],
    state: told['state'],
    turn: told['turn'],
    missing: told['missing'],
  };
  return { what: 'refused', why, field: told['field'] };
}
