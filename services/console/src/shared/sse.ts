/** Server-sent events over fetch, because an EventSource cannot say who asks. Reconnects by itself and says how it is. */

export interface Event {
  id: string;
  event: string;
  data: string;
}

export type Told =
  | { what: 'event'; event: string; data: string }
  | { what: 'state'; open: boolean; refused: boolean }
  | { what: 'alive' };

const SILENT_MS = 12_000; // the server says something every five seconds
const PAUSES_MS = [500, 1000, 2000, 4000];

/** Splits what arrives into events; a comment or a lone id is no event, but moves the id on. */
export class Parser {
  #rest = '';
  lastId = '';

  feed(text: string): Event[] {
    this.#rest += text.replace(/\r\n?/g, '\n');
    const blocks = this.#rest.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => this.#event(block));
  }

  #event(block: string): Event[] {
    let [event, data, has] = ['message', [] as string[], false];
    for (const line of block.split('\n')) {
      const [name, ...rest] = line.split(':');
      const value = rest.join(':').replace(/^ /, '');
      if (name === 'id') this.lastId = value;
      if (name === 'event') event = value;
      if (name === 'data') [has, data] = [true, [...data, value]];
    }
    return has ? [{ id: this.lastId, event, data: data.join('\n') }] : [];
  }
}

/** Listen until `ended`; every pause and every return is told, so that nothing that looks alive is dead. */
export async function listen(url: string, headers: Record<string, string>, tell: (told: Told) => void, ended: AbortSignal) {
  let lastId = '';
  for (let failures = 0; !ended.aborted; failures++) {
    const parser = new Parser();
    parser.lastId = lastId;
    const silence = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENT_MS);
    };
    try {
      heard();
      const answer = await fetch(url, {
        headers: { ...headers, accept: 'text/event-stream', ...(lastId === '' ? {} : { 'last-event-id': lastId }) },
        signal: AbortSignal.any([ended, silence.signal]),
        cache: 'no-store',
      });
      if (answer.status === 401 || answer.status === 403) {
        tell({ what: 'state', open: false, refused: true });
        return;
      }
      if (!answer.ok || answer.body === null) throw new Error(String(answer.status));
      failures = 0;
      tell({ what: 'state', open: true, refused: false });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        heard();
        for (const { event, data } of parser.feed(part.value)) tell({ what: 'event', event, data });
        lastId = parser.lastId;
        tell({ what: 'alive' });
      }
    } catch {
      // cut, refused by the network, or silent for too long: told below, and tried again
    } finally {
      clearTimeout(timer);
    }
    if (ended.aborted) return;
    tell({ what: 'state', open: false, refused: false });
    await paused(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 4000, ended);
  }
}

function paused(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    ended.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
