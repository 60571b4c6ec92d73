import { defineConfig } from 'vitest/config';

// Each file of `store` holds an embedded engine, and one process can hold one: files run in processes of their own.
export default defineConfig({
  test: {
    // CI adds up what the runs wrote.
    reporters:
      process.env['CI'] === undefined
        ? ['default']
        : ['default', ['json', { outputFile: `.ci-results/${process.env['npm_lifecycle_event'] ?? 'vitest'}.json` }]],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.{embedded,e2e,browser,tools,redis,emulator}.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'store',
          include: ['test/**/*.{embedded,e2e}.test.ts'],
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'tools',
          include: ['test/**/*.tools.test.ts'],
          pool: 'forks',
          maxWorkers: 2,
          // Three days on the engine in one process are not to be measured by young garbage.
          execArgv: ['--max-semi-space-size=8'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      // Deadlines of milliseconds: not beside other work.
      {
        test: {
          name: 'redis',
          sequence: { groupOrder: 1 },
          include: ['test/**/*.redis.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: 'emulator', include: ['test/**/*.emulator.test.ts'], testTimeout: 300_000, hookTimeout: 60_000, bail: 1 } },
      {
        test: {
          name: 'browser',
          sequence: { groupOrder: 1 },
          include: ['test/**/*.browser.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts', 'local/**/*.ts', 'lambdas/**/*.ts', 'fargate/**/*.ts'],
      thresholds: { 'lib/core/**': { branches: 95 }, 'lib/domain/**': { branches: 95 }, 'lib/std/**': { branches: 95 } },
    },
  },
});
