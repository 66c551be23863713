/** What differs between two policies, word by word of the document. Pure. */

export interface Difference {
  path: string[];
  before: unknown; // undefined: not there
  after: unknown;
}

export function differences(before: unknown, after: unknown, path: string[] = []): Difference[] {
  if (isTable(before) && isTable(after)) {
    const words = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return words.flatMap((word) => differences(before[word], after[word], [...path, word]));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** On one line, as a person reads it. */
export function shown(value: unknown): string {
  if (value === undefined) return '–';
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return value.join(' ') || '[]';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
