/** Which pages the header leads to, and to whom; the others are reached from a case. */

import { PAGES, type Page } from './route.svelte';

const OPERATORS = ['operator', 'supervisor'];
/** Who works with cases: every page but the configuration's is theirs, unless it says otherwise. */
export const CASE_READERS = [...OPERATORS, 'reviewer', 'auditor', 'desk', 'responder'];
const ONLY: Partial<Record<Page, string[]>> = {
  tips: OPERATORS,
  'dead-letters': OPERATORS,
  registry: ['supervisor', 'administrator'],
  figures: [...OPERATORS, 'reviewer', 'auditor', 'desk'],
  policies: [...OPERATORS, 'reviewer', 'auditor', 'administrator'],
};
const FROM_ELSEWHERE: Page[] = ['notices', 'leads', 'subject'];
const MOST_IN_A_ROW = 7; // more do not fit beside the clock of a narrow screen
const KEPT_IN_ROW = 5;

export function navigated(role: string): Page[] {
  return PAGES.filter((page) => !FROM_ELSEWHERE.includes(page) && (ONLY[page] ?? CASE_READERS).includes(role));
}

/** Those of the row, and those behind “more”. */
export function folded(all: readonly Page[]): [row: Page[], more: Page[]] {
  return all.length <= MOST_IN_A_ROW ? [[...all], []] : [all.slice(0, KEPT_IN_ROW), all.slice(KEPT_IN_ROW)];
}

/** The page `by` places further, in a circle; from one that is not in the header, the first. */
export function beside(page: Page, by: number, role: string): Page {
  const all = navigated(role);
  const at = all.indexOf(page);
  return at < 0 ? all[0]! : all[(at + by + all.length) % all.length]!;
}
