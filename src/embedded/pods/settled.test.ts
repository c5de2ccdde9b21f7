import { expect, test } from 'vitest'
import { type PodObject, unsettled } from './settled.ts'

const SINCE = Date.parse('2026-11-27T10:00:00.500Z')
const pod = (component: string, startedAt = '2026-11-27T10:00:05Z', change: Partial<PodObject['status']> = {}): PodObject => ({
  metadata: { name: `${component}-1`, labels: { 'app.kubernetes.io/component': component } },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [{ state: { running: { startedAt } } }],
    ...change,
  },
})
const leaving = (one: PodObject): PodObject => ({ ...one, metadata: { ...one.metadata, deletionTimestamp: '2026-11-27T10:00:05Z' } })
const of = (...pods: PodObject[]) => unsettled(pods, ['api', 'controllers'], SINCE)

test('nothing is missing where every component has pods that work', () => {
  expect(of(pod('api'), pod('api'), pod('controllers'))).toBeUndefined()
  expect(of(pod('api', '2026-11-27T10:00:00Z'), pod('controllers'))).toBeUndefined()
})

test('a component without a pod that stays is missing', () => {
  expect(of(pod('api'))).toBe('there is no pod of controllers')
  expect(of(pod('api'), leaving(pod('controllers')))).toBe('there is no pod of controllers')
  expect(of(pod('api'), pod('controllers', undefined, { phase: 'Failed' }))).toBe('there is no pod of controllers')
})

test('what a stopped cluster said of its pods does not count', () => {
  expect(of(pod('api'), pod('controllers', '2026-11-27T09:59:59Z'))).toBe('pod controllers-1 is not ready')
})

test('pods that are not ready, or have not begun, are told with the reason', () => {
  expect(of(pod('api'), pod('controllers', undefined, { conditions: [{ type: 'Ready', status: 'False' }] }))).toBe(
    'pod controllers-1 is not ready',
  )
  expect(of(pod('api'), pod('controllers', undefined, { containerStatuses: [] }))).toBe('pod controllers-1 is not ready')
  const waiting = { reason: 'ErrImageNeverPull', message: 'no such image' }
  expect(of(pod('api'), pod('controllers', undefined, { containerStatuses: [{ state: { waiting } }] }))).toBe(
    'pod controllers-1 is not ready (ErrImageNeverPull: no such image)',
  )
})

test('pods on their way out, and those that are over, hold nothing up', () => {
  const old = '2026-11-27T09:00:00Z'
  expect(of(pod('api'), leaving(pod('api', old)), pod('controllers'), pod('controllers', old, { phase: 'Failed' }))).toBeUndefined()
})
