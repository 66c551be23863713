/** Requests to the api by its own types. Every failure is a Problem that says what happened and what to do. */

import type { components, paths } from '../api/schema';
import * as auth from './auth';
import { language } from './words.svelte';

export type Schemas = components['schemas'];
type Method = 'get' | 'post' | 'put' | 'delete';
type Operation<P extends keyof paths, M extends Method> = paths[P][M];
type PathsWith<M extends Method> = { [P in keyof paths]: paths[P][M] extends object ? P : never }[keyof paths];
type Answer<O> = O extends { responses: { 200: { content: { 'application/json': infer B } } } } ? B : unknown;
type Sent<O> = O extends { requestBody?: { content: { 'application/json': infer B } } } ? B : never;
type Parameters<O> = O extends { parameters: infer P } ? P : never;
type Given<O> = {
  path?: Parameters<O> extends { path: infer P } ? P : never;
  query?: Parameters<O> extends { query?: infer Q } ? Q : never;
};
type Command<O> = Given<O> & { body?: Sent<O> } & Seen;

/** `turn` is that of the case, `seen` the tag of the row, as it was when the hand decided. */
interface Seen {
  key?: string;
  turn?: number;
  seen?: string;
}

interface Loose {
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
}

const WITHIN_MS = 15_000;
const FILE_WITHIN_MS = 150_000; // longer than the server waits for one

export interface Problem {
  code: string;
  status: number;
  title: string;
  detail: string;
  requestId: string;
  againInS?: number; // after so many seconds the same may be asked again
  holder?: string;
  state?: string;
  turn?: number;
  field?: string;
  etag?: string; // of the row as it is now, and `present` what that is
  present?: Record<string, unknown>;
  why?: string;
  line?: number;
  errors?: { pointer: string; error: string }[];
}

/** An answer that is no success. `code` is the api's own; `offline` where there was no answer at all. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.code);
  }
}

export async function read<P extends PathsWith<'get'>>(
  path: P,
  given: Given<Operation<P, 'get'>> = {},
): Promise<Answer<Operation<P, 'get'>>> {
  return (await asked('GET', address(path, given as Loose), {})) as Answer<Operation<P, 'get'>>;
}

/** One command. The same `key` again gives the same answer. */
export async function send<P extends PathsWith<'post'>>(
  path: P,
  given: Command<Operation<P, 'post'>>,
): Promise<Answer<Operation<P, 'post'>>> {
  return (await asked('POST', address(path, given as Loose), headersOf(given), given.body)) as Answer<Operation<P, 'post'>>;
}

/** A setting put as it should be. */
export async function put<P extends PathsWith<'put'>>(
  path: P,
  given: Command<Operation<P, 'put'>>,
): Promise<Answer<Operation<P, 'put'>>> {
  return (await asked('PUT', address(path, given as Loose), headersOf(given), given.body)) as Answer<Operation<P, 'put'>>;
}

/** Something that is to be there no more. */
export async function remove<P extends PathsWith<'delete'>>(
  path: P,
  given: Given<Operation<P, 'delete'>> & Seen,
): Promise<Answer<Operation<P, 'delete'>>> {
  return (await asked('DELETE', address(path, given as Loose), headersOf(given))) as Answer<Operation<P, 'delete'>>;
}

function headersOf({ key, turn, seen = turn?.toString() }: Seen): Record<string, string> {
  const headers = { 'idempotency-key': key ?? newKey() };
  return seen === undefined ? headers : { ...headers, 'if-match': `"${seen}"` };
}

/** What lies at an address, as it is: a photo, a recording, a document. */
export async function fetched<P extends PathsWith<'get'>>(path: P, given: Given<Operation<P, 'get'>>): Promise<Blob> {
  return (await answered('GET', address(path, given as Loose), {}, undefined, FILE_WITHIN_MS)).blob();
}

/** A file as the body of a command; the server tells by its content what it is. */
export async function sendFile<P extends PathsWith<'post'>>(
  path: P,
  given: Given<Operation<P, 'post'>> & { file: Blob; key: string },
): Promise<Answer<Operation<P, 'post'>>> {
  const headers = { 'idempotency-key': given.key, 'content-type': given.file.type || 'application/octet-stream' };
  const answer = await answered('POST', address(path, given as Loose), headers, given.file, FILE_WITHIN_MS);
  return (await answer.json()) as Answer<Operation<P, 'post'>>;
}

/** Unlike crypto.randomUUID this is there without TLS as well. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function address(path: string, given: Loose): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(given.path?.[name])),
  );
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given.query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) if (one != null) query.append(name, String(one));
  }
  return query.size > 0 ? `${filled}?${query}` : filled;
}

async function asked(method: string, url: string, more: Record<string, string>, body?: unknown): Promise<unknown> {
  if (body === undefined) return (await answered(method, url, more)).json();
  const headers = { ...more, 'content-type': 'application/json' };
  return (await answered(method, url, headers, JSON.stringify(body))).json();
}

async function answered(
  method: string,
  url: string,
  more: Record<string, string>,
  body?: BodyInit,
  within = WITHIN_MS,
): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      headers: { ...auth.headers(), ...more, 'accept-language': language() },
      body,
      signal: AbortSignal.timeout(within),
      cache: 'no-store',
    });
  } catch {
    throw new Refusal({ code: 'offline', status: 0, title: '', detail: '', requestId: '' });
  }
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  if (problem.code === 'unauthenticated') auth.lost();
  throw new Refusal(problem);
}

async function problemOf(answer: Response): Promise<Problem> {
  const told = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  const again = Number(answer.headers.get('retry-after') ?? NaN);
  return {
    ...(told as Partial<Problem>),
    ...(Number.isFinite(again) ? { againInS: again } : {}),
    code: String(told['type'] ?? '').replace('/problems/', '') || 'unreadable',
    status: answer.status,
    title: String(told['title'] ?? ''),
    detail: String(told['detail'] ?? ''),
    requestId: String(told['request_id'] ?? answer.headers.get('x-request-id') ?? ''),
  };
}
