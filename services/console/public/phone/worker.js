// Keeps the phone page's own files, so that it opens without a line. It never keeps an answer of the api: no data is here.
const NAME = 'quanzu-phone-1';
const PAGE = '/phone';

async function keepShell() {
  const answer = await fetch(PAGE, { cache: 'no-cache' });
  if (!answer.ok) throw new Error('no page');
  const text = await answer.clone().text();
  const files = [...text.matchAll(/(?:src|href)="(\/(?:assets|phone)\/[^"]+)"/g)].map(([, path]) => path);
  const kept = await caches.open(NAME);
  await kept.addAll(files);
  await kept.put(PAGE, answer);
  for (const { url } of await kept.keys()) {
    const path = new URL(url).pathname;
    if (path !== PAGE && !files.includes(path)) await kept.delete(url);
  }
}

addEventListener('install', (event) => event.waitUntil(keepShell().then(() => self.skipWaiting())));
addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== location.origin) return;
  if (pathname === PAGE) event.respondWith(page(event));
  else if (pathname.startsWith('/assets/') || pathname.startsWith('/phone/')) event.respondWith(file(event.request));
});

// What is kept is shown at once, because a bad line may take a minute to say no; the next opening has the newer one.
async function page(event) {
  const kept = await caches.match(PAGE);
  if (kept === undefined) return fetch(event.request);
  event.waitUntil(keepShell().catch(() => {}));
  return kept;
}

async function file(request) {
  return (await caches.match(request)) ?? fetch(request);
}
