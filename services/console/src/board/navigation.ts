/** Which pages the header leads to, and to whom; the others are reached from a case. */

import { PAGES, type Page } from './route.svelte';

const ONLY_CENTRE: Page[] = ['tips', 'dead-letters'];
const FROM_ELSEWHERE: Page[] = ['notices', 'leads', 'subject'];

export function navigated(role: string): Page[] {
  const centre = ['operator', 'supervisor'].includes(role);
  return PAGES.filter((page) => !FROM_ELSEWHERE.includes(page) && (centre || !ONLY_CENTRE.includes(page)));
}

/** The page `by` places further, in a circle; from one that is not in the header, the first. */
export function beside(page: Page, by: number, role: string): Page {
  const all = navigated(role);
  const at = all.indexOf(page);
  return at < 0 ? all[0]! : all[(at + by + all.length) % all.length]!;
}
