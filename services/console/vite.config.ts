import { svelte } from '@sveltejs/vite-plugin-svelte';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

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

export default defineConfig({
  plugins: [svelte(), packed],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false }, // it would be the only script that is not a file
    assetsInlineLimit: 0, // the pages' policy takes no data: URL
    rollupOptions: { input: { board: page('index.html'), wall: page('wall.html'), phone: page('phone.html') } },
  },
  worker: { format: 'es' },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
