/** Which page is shown and what it is asked for, after the `#` of the address: it is never sent anywhere. */

export const PAGES = ['queue', 'stops', 'follow-ups', 'reviews', 'handover', 'tips', 'dead-letters', 'rota', 'registry', 'figures', 'policies', 'notices', 'leads', 'subject'] as const;
export type Page = (typeof PAGES)[number];

class Route {
  page = $state<Page>('queue');
  query = $state.raw(new URLSearchParams());

  constructor() {
    this.#read();
    globalThis.addEventListener?.('hashchange', () => this.#read());
  }

  #read(): void {
    const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
    this.page = PAGES.find((page) => page === path) ?? 'queue';
    this.query = new URLSearchParams(query);
  }

  /** Empty values leave the address. A page is a step of the history, a filter is none. */
  set(values: Record<string, string>): void {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(values)) {
      if (value === '') query.delete(name);
      else query.set(name, value);
    }
    history.replaceState(null, '', href(this.page, query));
    this.query = query;
  }
}

export function href(page: Page, query: URLSearchParams | Record<string, string> = {}): string {
  const asked = new URLSearchParams(query).toString();
  return `#/${page}${asked === '' ? '' : `?${asked}`}`;
}

export const route = new Route();
