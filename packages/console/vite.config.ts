import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

/**
 * The coordinator serves these files under `default-src 'self'`: everything stays a file of its own (no data: URLs, no
 * inline script), and one chunk needs no preloading.
 */
export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ['@noren/source', ...defaultClientConditions] },
  build: {
    outDir: 'dist/site',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
});
