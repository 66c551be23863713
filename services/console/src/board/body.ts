/** From what was typed to what is sent: the first fault by field, or the body. Pure. */

import { fenOf } from '../shared/format';
import type { Key } from '../shared/words.svelte';
import type { Act } from './acts';

export type Values = Record<string, string | boolean>;
export type Made = { body: Record<string, unknown> } | { faults: Record<string, Key> };

export function bodyOf(act: Pick<Act, 'fields' | 'fixed'>, values: Values): Made {
  const body: Record<string, unknown> = { ...act.fixed };
  const faults: Record<string, Key> = {};
  for (const field of act.fields) {
    const value = values[field.name];
    if (field.kind === 'yes') {
      if (value === true) body[field.name] = true;
      continue;
    }
    const text = typeof value === 'string' ? value.trim() : '';
    if (text === '') {
      if (field.needed) faults[field.name] = 'fault.needed';
      continue;
    }
    if (field.kind === 'money') {
      const fen = fenOf(text);
      if (fen === null || Number.isNaN(fen)) faults[field.name] = 'fault.money';
      else body[field.name] = fen;
    } else if (field.kind === 'time') {
      const at = chinaTime(text);
      if (at === null) faults[field.name] = 'fault.time';
      else body[field.name] = at;
    } else body[field.name] = field.kind === 'choice' && field.words === 'level' ? Number(text) : text;
  }
  return Object.keys(faults).length > 0 ? { faults } : { body };
}

/** `2026-11-25T14:03` as it is meant: China's time, whatever this machine's zone is. */
export function chinaTime(typed: string): string | null {
  const at = Date.parse(`${typed.length === 16 ? `${typed}:00` : typed}+08:00`);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

/** A moment as a field for time shows it, in China's time. */
export function typedTime(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 16);
}
