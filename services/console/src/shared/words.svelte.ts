/** The page's words in Chinese and English. A key that is missing in a catalogue does not compile. */

import en from '../words/en.json';
import zh from '../words/zh.json';

export type Language = 'zh' | 'en';
export type Key = keyof typeof zh;
type Values = Record<string, string | number>;

const KEPT = 'quanzu.language';
const CATALOGUES: Record<Language, Record<Key, string>> = { zh, en };
const TAGS: Record<Language, string> = { zh: 'zh-CN', en: 'en-GB' };

let chosen = $state<Language>(first());

function first(): Language {
  const kept = globalThis.localStorage?.getItem(KEPT);
  if (kept === 'zh' || kept === 'en') return kept;
  return 'zh';
}

export function language(): Language {
  return chosen;
}

export function tag(): string {
  return TAGS[chosen];
}

export function speak(wanted: Language): void {
  chosen = wanted;
  localStorage.setItem(KEPT, wanted);
  document.documentElement.lang = TAGS[wanted];
}

/** The sentence; `{name}` is filled in, and of a key with `count` the form that the number takes (`key`, `key_one`). */
export function t(key: Key, values: Values = {}): string {
  return filled(formOf(key, values), values);
}

function formOf(key: Key, values: Values): string {
  const words = CATALOGUES[chosen];
  if (typeof values['count'] !== 'number') return words[key];
  const form = new Intl.PluralRules(TAGS[chosen]).select(values['count']);
  return (words as Record<string, string>)[`${key}_${form}`] ?? words[key];
}

function filled(sentence: string, values: Values): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** What one of the server's own words is called; the word itself where no catalogue knows it. */
export function named(kind: 'state' | 'risk' | 'timer' | 'action' | 'outcome' | 'attempt' | 'role' | 'result' | 'mark'
  | 'follow' | 'review' | 'cause' | 'stop' | 'channel' | 'mode' | 'rejection' | 'ledger' | 'place' | 'tries' | 'link' | 'level'
  | 'target' | 'purpose' | 'piece' | 'tip' | 'shift' | 'grade' | 'entry' | 'swap' | 'kind' | 'file' | 'weight' | 'done' | 'check' | 'column' | 'availability' | 'activity' | 'rowkind' | 'unreadable',
  code: string | null | undefined): string {
  if (code == null || code === '') return '';
  return (CATALOGUES[chosen] as Record<string, string>)[`${kind}.${code}`] ?? code;
}

/** The one of two names that the person reads. */
export function either(names: { name_zh: string; name_en: string }): string {
  return chosen === 'zh' ? names.name_zh : names.name_en;
}

/** Several words in a row, as the language separates them. */
export function listed(words: string[]): string {
  return words.join(chosen === 'zh' ? '、' : ', ');
}
