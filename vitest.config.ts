import { defineConfig } from 'vitest/config';

import { SkipPolicy } from './test/skip-policy.ts';

/** Packages resolve to each other's sources, so tests never run against a stale build. */
const conditions = ['@noren/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.{ts,tsx}', 'test/**/*.test.ts'],
    exclude: ['test/long/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', new SkipPolicy()],
  },
});
