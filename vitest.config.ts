import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,controllers,providers}/**/*.test.ts'],
          setupFiles: ['src/dev/generated-cases.ts'],
          testTimeout: Number(process.env['SECA_TEST_RUNS']) > 0 ? 300_000 : 20_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.e2e.ts'],
          globalSetup: ['e2e/support/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
