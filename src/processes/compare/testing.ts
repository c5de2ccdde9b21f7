import type { Report, Track } from './report.ts'

const track = (kind: string, name: string, more: Partial<Track>): Track => ({
  kind,
  name,
  verdict: 'ready',
  steps: [{ atMs: 0, state: 'asked' }],
  troubles: [],
  ...more,
})

/** A report with one of everything, and text that would break out of a page or table. */
export const REPORT: Report = {
  made: '2026-01-02T03:04:05.678Z',
  version: '1.2.3',
  mode: 'tried',
  kinds: ['Network', 'Instance'],
  columns: [
    {
      name: 'eu-1',
      type: 'neat',
      kinds: { Network: { level: 'own', fields: { cidr: 'create' }, note: 'a <b>' }, Instance: { level: 'own', fields: {} } },
    },
    {
      name: 'eu-2',
      type: 'poor',
      kinds: { Network: { level: 'part', fields: { cidr: 'unused' } }, Instance: { level: 'missing', fields: {} } },
    },
  ],
  regions: [
    {
      name: 'eu-1',
      provider: 'neat',
      cloudProvider: 'one',
      tracks: [
        track('Instance', 'web', {
          readyMs: 2_000,
          goneMs: 1_500,
          steps: [
            { atMs: 500, state: 'asked' },
            { atMs: 600, state: 'pending', reason: 'ReferenceNotReady', message: 'Network "main"' },
            { atMs: 1_000, state: 'creating' },
            { atMs: 2_500, state: 'active' },
            { atMs: 3_000, state: 'deleting' },
            { atMs: 4_000, state: 'gone' },
          ],
        }),
        track('Network', 'main', { readyMs: 500, goneMs: 600 }),
      ],
      leftOut: [],
      remarks: ['zone z is not there: a was taken'],
    },
    {
      name: 'eu-2',
      provider: 'poor',
      cloudProvider: 'two',
      tracks: [
        track('Instance', 'web', {
          verdict: 'refused',
          troubles: [{ when: 'end', reason: 'Unsupported', message: '<script>| no\n*Instance*' }],
        }),
      ],
      leftOut: [{ object: 'Network main', why: 'it is full', isLack: true }],
      remarks: [],
    },
  ],
  calls: [{ provider: 'neat', regions: ['eu-1'], total: 12, byVerb: { observe: 10, create: 2 }, notOk: { throttled: 1 } }],
  aboutCalls: 'of the adapters',
}
