/** The changes of cases for this page: through the one stream that all tabs share, or its own where tabs can't share. */

import { headers, shareName } from './auth';
import { listen, type Told } from './sse';

/** Hear everything until the function given back is called. */
export function hear(tell: (told: Told) => void): () => void {
  if (typeof SharedWorker === 'undefined') {
    const ending = new AbortController();
    void listen('/events', headers(), tell, ending.signal);
    return () => ending.abort();
  }
  const worker = new SharedWorker(new URL('./stream.worker.ts', import.meta.url), { type: 'module', name: shareName() });
  worker.port.onmessage = ({ data }: MessageEvent<Told>) => tell(data);
  worker.port.postMessage({ what: 'open', headers: headers() });
  return () => {
    worker.port.postMessage({ what: 'close' });
    worker.port.close();
  };
}
