/** Where the page is, in the address behind the #: so the phone's own way back works. */

export type Place =
  | { at: 'list' }
  | { at: 'queue' }
  | { at: 'case'; caseId: string; form: string | null }
  | { at: 'follow'; id: number };

const CASE = /(?:^[#?]|&)case=([0-9a-f-]{32,36})(?:&|$)/i;

/** A link may name the case behind ? (after logging in) or behind # (in a notice). */
export function caseOfLink(link: { hash: string; search: string }): string | null {
  return CASE.exec(link.hash)?.[1] ?? CASE.exec(link.search)?.[1] ?? null;
}

export function placeOf(hash: string): Place {
  const said = new URLSearchParams(hash.replace(/^#\/?/, ''));
  const caseId = said.get('case');
  if (caseId !== null) return { at: 'case', caseId, form: said.get('do') };
  const id = Number(said.get('follow'));
  if (id > 0) return { at: 'follow', id };
  return { at: said.has('queue') ? 'queue' : 'list' };
}

class Route {
  place = $state.raw<Place>(placeOf(globalThis.location?.hash ?? ''));

  start(): void {
    this.place = placeOf(location.hash);
    addEventListener('hashchange', () => (this.place = placeOf(location.hash)));
  }
}

export const route = new Route();

export function go(hash: string): void {
  location.hash = hash;
}

/** Out of a form: it leaves no place of its own to come back to. */
export function leave(to: string): void {
  location.replace(to);
}
