/** Which words of the catalogues the phone page can ask for, read out of its sources. Pure. */

/** Kinds whose codes are the server's: they are asked for by `named`. */
const KINDS = /^(attempt|channel|follow|mark|mode|outcome|result|risk|risk_letter|state|timer|tries)\.[A-Za-z_]+$/;
const FORMS = /_(one|other|few|many|zero|two)$/;

export function used(words: Record<string, string>, sources: string): Record<string, string> {
  const spelled = new Set([...sources.matchAll(/['"`]([a-z_-]+(?:\.[A-Za-z_-]+)?)['"`]/g)].map(([, key]) => key!));
  const begun = [...sources.matchAll(/`([a-z_-]+\.(?:[a-z]+_)?)\$\{/g)].map(([, start]) => start!);
  return Object.fromEntries(
    Object.entries(words).filter(([key]) => {
      const plain = key.replace(FORMS, '');
      return spelled.has(key) || spelled.has(plain) || KINDS.test(key) || begun.some((start) => key.startsWith(start));
    }),
  );
}
