/** Who is at this screen. The only place that knows how a request shows it: nothing else reads or writes the token.

 * Either a token, kept in this tab, goes with each request; or the browser sends the session's cookie by itself, which
 * no script can read. Where there is a token, it counts.
 */

const KEPT = 'quanzu.token';
const FORM = /^qz_[\w-]{10,190}$/;

/** Where people log in by account or by their organisation; it comes back here with a session. */
export const LOGIN_PAGE = '/login?to=/';

let onLost: () => void = () => {};

/** A token that came with the link (`/#token=qz_…`) is taken once and leaves the address bar: history keeps no secret. */
export function takeFromLink(): boolean {
  const given = /(?:^#|&)token=([^&]+)/.exec(location.hash)?.[1];
  if (given === undefined) return false;
  history.replaceState(null, '', location.pathname + location.search + '#/');
  return keep(decodeURIComponent(given));
}

/** Whether the token has the form of one; only the server says whether it is good. */
export function keep(token: string): boolean {
  const trimmed = token.trim().replace(/^Bearer\s+/i, '');
  if (!FORM.test(trimmed)) return false;
  sessionStorage.setItem(KEPT, trimmed);
  return true;
}

export function forget(): void {
  sessionStorage.removeItem(KEPT);
}

/** The headers that say who asks; none where a cookie does. */
export function headers(): Record<string, string> {
  const token = sessionStorage.getItem(KEPT);
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** End it: the token is forgotten, a session is ended at the server. Where the browser should go then, if anywhere. */
export async function signOut(): Promise<string | null> {
  const byToken = sessionStorage.getItem(KEPT) !== null;
  forget();
  if (byToken) return null;
  const answer = await fetch('/logout', { method: 'POST', headers: { accept: 'application/json' } }).catch(() => null);
  return answer?.ok ? ((await answer.json()) as { to: string }).to : null;
}

/** A name for what is shared between the tabs of one person and nobody else's. */
export function shareName(): string {
  let hash = 5381;
  for (const letter of sessionStorage.getItem(KEPT) ?? '') hash = (hash * 33 + letter.charCodeAt(0)) >>> 0;
  return hash.toString(36);
}

/** The server no longer takes who we are: the page asks to sign in, and what was typed stays. */
export function lost(): void {
  forget();
  onLost();
}

export function whenLost(told: () => void): void {
  onLost = told;
}
