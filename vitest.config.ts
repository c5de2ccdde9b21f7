import { defineConfig } from 'vitest/config'
import { isSimulated, patiently } from './e2e/support/names.ts'

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
          testTimeout: patiently(120_000),
          hookTimeout: patiently(300_000),
          // A real cloud takes its time for one tenant: not five at once.
          maxConcurrency: isSimulated ? 5 : 2,
          fileParallelism: false,
        },
      },
    ],
  },
})
