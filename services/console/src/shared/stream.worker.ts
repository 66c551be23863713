/** One stream for all tabs of one person. Lives as long as any of them; each hears everything, the state at once. */

import { listen, type Told } from './sse';

const ports = new Set<MessagePort>();
let listening: AbortController | undefined;
let state: Told = { what: 'state', open: false, refused: false };

function tell(told: Told): void {
  if (told.what === 'state') state = told;
  for (const port of ports) port.postMessage(told);
}

addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0];
  if (port === undefined) return;
  ports.add(port);
  port.onmessage = ({ data }: MessageEvent<{ what: 'open'; headers: Record<string, string> } | { what: 'close' }>) => {
    if (data.what === 'close') ports.delete(port);
    if (data.what === 'open') port.postMessage(state);
    if (data.what === 'open' && (listening === undefined || (state.what === 'state' && state.refused))) {
      listening = new AbortController();
      void listen('/events', data.headers, tell, listening.signal);
    }
    if (ports.size === 0) {
      listening?.abort();
      listening = undefined;
    }
  };
});
