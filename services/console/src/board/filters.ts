/** Which cases are wanted: kept in the address, so that a link shows the same. Pure. */

import type { Line } from '../shared/limits';
import { isOver } from '../shared/limits';

export interface Filters {
  risk: string[];
  state: string[];
  unit: string;
  late: '' | 'now' | 'ever'; // only those over a limit, or that ever were
  text: string;
}

export const NONE: Filters = { risk: [], state: [], unit: '', late: '', text: '' };

export function filtersOf(query: URLSearchParams): Filters {
  const list = (name: string) => (query.get(name) ?? '').split(',').filter(Boolean);
  return {
    risk: list('risk'),
    state: list('state'),
    unit: query.get('unit') ?? '',
    late: query.get('late') === 'ever' ? 'ever' : query.has('late') ? 'now' : '',
    text: query.get('q') ?? '',
  };
}

export function queryOf(filters: Filters): Record<string, string> {
  return {
    risk: filters.risk.join(','),
    state: filters.state.join(','),
    unit: filters.unit,
    late: filters.late,
    q: filters.text,
  };
}

export function isFiltered(filters: Filters): boolean {
  return Object.values(queryOf(filters)).some((value) => value !== '');
}

/** `said` is everything of a line that a person can read on it. */
export function wanted(line: Line, filters: Filters, now: number, said: (line: Line) => string): boolean {
  if (filters.risk.length > 0 && !filters.risk.includes(line.risk)) return false;
  if (filters.state.length > 0 && !filters.state.includes(line.state)) return false;
  if (filters.unit && ![line.assigned_unit, line.responsible_unit].includes(filters.unit)) return false;
  if (filters.late === 'now' && !isOver(line, now)) return false;
  if (filters.late === 'ever' && line.missed.length === 0) return false;
  const words = filters.text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = said(line).toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Where the list has to be scrolled to, and what is left empty above it, so that one row stays where it was seen. */
export function anchored(seenAt: number, index: number, rowHeight: number): { scroll: number; above: number } {
  const wantedScroll = index * rowHeight - seenAt;
  return wantedScroll >= 0 ? { scroll: wantedScroll, above: 0 } : { scroll: 0, above: -wantedScroll };
}
