import { svelte } from '@sveltejs/vite-plugin-svelte';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { used } from './src/phone/words.ts';

const page = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Each text of the build once more, packed: the api has no time to pack for everybody. */
const packed: Plugin = {
  name: 'packed',
  apply: 'build',
  closeBundle() {
    const folder = fileURLToPath(new URL('dist/assets', import.meta.url));
    for (const name of readdirSync(folder).filter((one) => /\.(js|css|svg)$/.test(one))) {
      writeFileSync(join(folder, `${name}.gz`), gzipSync(readFileSync(join(folder, name)), { level: 9 }));
    }
  },
};

/** The phone page is built by itself, with its own words alone: on a bad line 50 KB take a second. */
const phoneApart: Plugin = {
  name: 'phone-apart',
  apply: 'build',
  async closeBundle() {
    await build({ mode: 'phone', configFile: page('vite.config.ts'), logLevel: 'warn' });
  },
};

const ownWords: Plugin = {
  name: 'own-words',
  enforce: 'pre',
  transform(text, id) {
    if (!/\/words\/(en|zh)\.json$/.test(id)) return null;
    return { code: JSON.stringify(used(JSON.parse(text), sources()), null, 1), map: null };
  },
};

/** What the phone page is made of. */
function sources(): string {
  const board = ['acts.ts', 'body.ts', 'person.ts'].map((name) => page(`src/board/${name}`));
  const rooms = ['phone', 'shared'].flatMap((room) => readdirSync(page(`src/${room}`)).map((name) => page(`src/${room}/${name}`)));
  return [...board, ...rooms].filter((path) => !path.endsWith('.test.ts')).map((path) => readFileSync(path, 'utf8')).join('\n');
}

export default defineConfig(({ mode }) => {
  const apart = mode === 'phone';
  const input: Record<string, string> = apart ? { phone: page('phone.html') } : { board: page('index.html'), wall: page('wall.html') };
  return {
    plugins: apart ? [svelte(), ownWords, packed] : [svelte(), phoneApart],
    build: {
      target: 'es2022',
      emptyOutDir: !apart,
      modulePreload: { polyfill: false }, // it would be the only script that is not a file
      assetsInlineLimit: 0, // the pages' policy takes no data: URL
      rollupOptions: { input },
    },
    worker: { format: 'es' },
    test: { include: ['src/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
  };
});
