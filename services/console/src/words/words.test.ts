import { expect, test } from 'vitest';
import { ACTS } from '../board/acts';
import en from './en.json';
import zh from './zh.json';

const FORMS = /_(one|other|few|many|zero|two)$/;
/** Kinds whose codes are the server's: they are asked for by `named`, so no source spells them out. */
const CODES = /^(action|attempt|cause|channel|follow|ledger|link|mark|mode|outcome|place|rejection|result|review|risk|risk_letter|role|state|stop|timer|tries|level|target|purpose|piece|tip|shift|grade|entry|swap|kind|file|weight|done|check|column|availability|activity|rowkind|unreadable)\.[A-Za-z0-9_]+$/;

const files = import.meta.glob<string>('../**/*.{svelte,ts}', { query: '?raw', import: 'default', eager: true });
const all = Object.entries(files)
  .filter(([path]) => !path.includes('/api/') && !path.endsWith('.test.ts'))
  .map(([, text]) => text)
  .join('\n');
const spelled = new Set([...all.matchAll(/['"`]([a-z_-]+(?:\.[A-Za-z_-]+)?)['"`]/g)].map(([, key]) => key!));
/** `t(`act.${…}`)`: every key that begins so is used. */
const begun = [...all.matchAll(/t\(`([a-z_-]+\.(?:[a-z]+_)?)\$\{/g)].map(([, start]) => start!);

test('both languages have the same keys', () => {
  const plain = (words: object) => Object.keys(words).filter((key) => !FORMS.test(key)).sort();
  expect(plain(en)).toEqual(plain(zh));
});

test('no sentence is empty and both fill in the same values', () => {
  const values = (sentence: string) => [...sentence.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();
  for (const [key, sentence] of Object.entries(zh)) {
    expect(sentence.trim(), key).not.toBe('');
    expect(values((en as Record<string, string>)[key]!), key).toEqual(values(sentence));
  }
});

test('every key is used somewhere', () => {
  const unused = Object.keys(zh).filter(
    (key) => !spelled.has(key) && !begun.some((start) => key.startsWith(start)) && !CODES.test(key),
  );
  expect(unused).toEqual([]);
});

test('every act has its name, what it does and what it did', () => {
  for (const { name } of ACTS) {
    for (const kind of ['act', 'does', 'did']) expect(zh).toHaveProperty([`${kind}.${name}`]);
  }
});

test('no two acts of one state and role share a key', () => {
  const taken = ACTS.flatMap(({ name, key, from, may }) => from.flatMap((state) => may.map((role) => [`${state} ${role} ${key}`, name] as const)));
  const seen = new Map<string, string>();
  for (const [place, name] of taken) {
    expect(seen.get(place), place).toBeUndefined();
    seen.set(place, name);
  }
});
