import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { EventRecorder } from './events.ts'
import { configMap, serve, type Seen, silentLog } from './testing.ts'

let now = 1_700_000_000_000
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

async function recorder(handler?: (seen: Seen, attempt: number) => void) {
  let attempts = 0
  const server = await serve((seen) => (handler ?? ((request) => request.json(201, {})))(seen, ++attempts))
  onTestFinished(server.close)
  return {
    ...server,
    events: new EventRecorder({
      client: server.client,
      component: 'secapi.cloud/controllers',
      instance: 'pod-1',
      log: silentLog,
      now: () => now,
    }),
  }
}
const note = { type: 'Warning', reason: 'Rejected', action: 'Create', message: 'quota exceeded' } as const

test('writes a valid event', async () => {
  const { events, seen } = await recorder()
  events.record(configMap('a', 7), { ...note, message: 'ä'.repeat(2_000) })
  await events.flush()
  const body = JSON.parse(seen[0]?.body ?? '') as { note: string; eventTime: string }
  expect(seen[0]).toMatchObject({ method: 'POST', path: '/apis/events.k8s.io/v1/namespaces/ns/events' })
  expect(body).toMatchObject({
    metadata: { name: expect.stringMatching(/^a\.[0-9a-f]+$/), namespace: 'ns' },
    regarding: { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: 'ns', uid: 'uid-a' },
    reportingController: 'secapi.cloud/controllers',
    reportingInstance: 'pod-1',
    type: 'Warning',
    reason: 'Rejected',
    action: 'Create',
  })
  expect(Buffer.byteLength(body.note)).toBeLessThanOrEqual(1_024)
  expect(body.note.endsWith('ä…')).toBe(true)
  expect(body.eventTime).toMatch(/\.\d{6}Z$/)
})

test('repetitions make one series, written at most once a minute', async () => {
  const { events, seen } = await recorder()
  events.record(configMap('a', 7), note)
  await events.flush()
  for (let second = 0; second < 50; second++) {
    now += 1_000
    events.record(configMap('a', 8 + second), note)
    await vi.advanceTimersByTimeAsync(1_000)
  }
  expect(seen).toHaveLength(1)
  now += 30_000
  await vi.advanceTimersByTimeAsync(30_000)
  await events.flush()
  expect(seen).toHaveLength(2)
  expect(seen[1]).toMatchObject({
    method: 'PATCH',
    path: expect.stringMatching(/^\/apis\/events.k8s.io\/v1\/namespaces\/ns\/events\/a\.[0-9a-f]+$/),
  })
  expect(JSON.parse(seen[1]?.body ?? '')).toMatchObject({ series: { count: 51 } })
  // Quiet afterwards: no write and no timer.
  await vi.advanceTimersByTimeAsync(300_000)
  expect(seen).toHaveLength(2)
  expect(vi.getTimerCount()).toBe(0)
  now += 700_000
  events.record(configMap('a', 99), note)
  await events.flush()
  expect(seen.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST'])
})

test('a series whose event is gone is written anew', async () => {
  const { events, seen } = await recorder(({ method, json }) =>
    method === 'PATCH' ? json(404, { kind: 'Status', code: 404 }) : json(201, { metadata: { name: 'x' } }),
  )
  events.record(configMap('a', 7), note)
  await events.flush()
  events.record(configMap('a', 7), note)
  await events.flush()
  expect(seen.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST'])
  expect(JSON.parse(seen[2]?.body ?? '')).toMatchObject({ series: { count: 2 } })
})

test('refusals and floods are dropped, and nothing throws', async () => {
  const { events, seen } = await recorder((request) =>
    request.json(403, { kind: 'Status', code: 403, reason: 'Forbidden', message: 'namespace is being terminated' }),
  )
  for (let i = 0; i < 100; i++) events.record(configMap('a', 7), { ...note, message: `request ${i}` })
  await events.flush()
  expect(seen.length).toBeLessThanOrEqual(25)
  for (let i = 0; i < 5_000; i++) events.record(configMap(`b${i}`, 7), note)
  await events.flush()
  expect(seen.length).toBeLessThanOrEqual(25 + 1_001)
})
