/** A policy that is being written: it outlives the session, the tab and the machine's restart. It names nobody. */

export interface Written {
  base: number; // the version that it began from
  text: string;
}

const name = (who: string) => `quanzu.policy.${who}`;

export function written(who: string): Written | null {
  try {
    const kept = JSON.parse(localStorage.getItem(name(who)) ?? 'null') as Partial<Written> | null;
    return typeof kept?.text === 'string' && typeof kept.base === 'number' ? { base: kept.base, text: kept.text } : null;
  } catch {
    return null; // what cannot be read was not ours
  }
}

/** Whether it is kept: a storage that is full keeps nothing. */
export function keep(who: string, what: Written): boolean {
  try {
    localStorage.setItem(name(who), JSON.stringify(what));
    return true;
  } catch {
    return false;
  }
}

export function drop(who: string): void {
  localStorage.removeItem(name(who));
}
