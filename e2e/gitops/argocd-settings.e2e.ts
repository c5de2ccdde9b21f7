import { describe, expect, it } from 'vitest'
import { KINDS } from '../../src/kinds/index.ts'
import type { Kind } from '../../src/kinds/kind.ts'
import { PAUSED, RESTART_REQUESTED } from '../../src/kinds/names.ts'
import { act, actionsOf, argocdAdmin, healthOf } from '../support/argocd.ts'
import { kstatus } from '../support/kstatus.ts'
import { lacking } from './tenant.ts'

const condition = (type: string, status: string, reason = 'Because', message = 'of this') => ({ type, status, reason, message })

/** A volume with a status, and annotations. */
const volume = (status: unknown, annotations: Record<string, string> = {}) => ({
  apiVersion: 'storage.secapi.cloud/v1',
  kind: 'BlockStorage',
  metadata: { name: 'v', namespace: 'n', generation: 2, annotations },
  spec: {},
  ...(status === undefined ? {} : { status }),
})
const VERDICTS = { Healthy: 'Current', Degraded: 'Failed', Progressing: 'InProgress' } as const

describe.skipIf(lacking !== undefined)("the settings for Argo CD, in Argo CD's hands", () => {
  it('are valid', async () => {
    expect(await argocdAdmin('validate', '--group', 'resource-overrides')).toContain('✅ resource-overrides')
  })

  it('know the health of every kind that has a status', async () => {
    const health = async ({ apiVersion, kind }: Kind) =>
      healthOf({ apiVersion, kind, metadata: { name: 'x', generation: 1 }, status: { observedGeneration: -1 } })
    const known: string[] = []
    for (const kind of KINDS) {
      const answer = await health(kind).catch((error: Error) => error)
      if (!(answer instanceof Error) && answer.status === 'Progressing') known.push(kind.kind)
    }
    expect(known).toEqual(KINDS.filter(({ status }) => status !== undefined).map(({ kind }) => kind))
  })

  it.each<[title: string, status: unknown, health: keyof typeof VERDICTS, message: string]>([
    ['new', { observedGeneration: -1 }, 'Progressing', 'not seen this change'],
    ['changed', { observedGeneration: 1, conditions: [condition('Ready', 'True')] }, 'Progressing', 'not seen this change'],
    [
      'being made',
      {
        observedGeneration: 2,
        conditions: [condition('Ready', 'False'), condition('Reconciling', 'True', 'Creating', 'the cloud is at it')],
      },
      'Progressing',
      'Creating: the cloud is at it',
    ],
    [
      'waiting',
      { observedGeneration: 2, conditions: [condition('Ready', 'False', 'ReferenceNotFound', 'no x')] },
      'Progressing',
      'ReferenceNotFound: no x',
    ],
    [
      'stalled',
      { observedGeneration: 2, conditions: [condition('Ready', 'False'), condition('Stalled', 'True', 'Rejected', 'no such pool')] },
      'Degraded',
      'Rejected: no such pool',
    ],
    [
      'no longer stalled',
      { observedGeneration: 2, conditions: [condition('Stalled', 'False'), condition('Ready', 'True', 'Available', '')] },
      'Healthy',
      '',
    ],
    [
      'ready',
      { observedGeneration: 2, conditions: [condition('Ready', 'True', 'Available', ''), condition('Synced', 'True')] },
      'Healthy',
      '',
    ],
    [
      'ready, and different in the cloud',
      { observedGeneration: 2, conditions: [condition('Ready', 'True'), condition('Synced', 'False', 'Drifted', 'sizeGB')] },
      'Healthy',
      'Drifted: sizeGB',
    ],
  ])('say of what is %s the same as kstatus', async (_title, status, health, message) => {
    const object = volume(status)
    expect(await healthOf(object)).toEqual({ status: health, message: expect.stringContaining(message) })
    expect(kstatus(object as never)).toBe(VERDICTS[health])
  })

  it('show what is paused as suspended, whatever else there is to say', async () => {
    const object = volume({ observedGeneration: 1, conditions: [condition('Ready', 'True')] }, { [PAUSED]: 'true' })
    expect(await healthOf(object)).toMatchObject({ status: 'Suspended' })
    expect(await healthOf({ ...object, metadata: { ...object.metadata, annotations: { [PAUSED]: 'no' } } })).toMatchObject({
      status: 'Progressing',
    })
  })

  it.each<[title: string, status: unknown]>([
    ['no status', undefined],
    ['a status that is no object', 'fine'],
    ['conditions that are no list', { observedGeneration: 2, conditions: 'Ready' }],
    ['conditions that are a map', { observedGeneration: 2, conditions: { Ready: 'True' } }],
    ['conditions that are no objects', { observedGeneration: 2, conditions: ['Ready', 7, null] }],
    ['conditions without anything', { observedGeneration: 2, conditions: [{}] }],
    ['a condition without a message', { observedGeneration: 2, conditions: [{ type: 'Ready', status: 'False' }] }],
    ['a condition of wrong types', { observedGeneration: 2, conditions: [{ type: 'Ready', status: true, reason: 1, message: {} }] }],
    ['a generation that is text', { observedGeneration: '2' }],
  ])('call it progress, and do not break, when there is %s', async (_title, status) => {
    expect(await healthOf(volume(status))).toMatchObject({ status: 'Progressing' })
  })

  const instance = (wanted: 'on' | 'off' | undefined, power: 'on' | 'off' | undefined, annotations?: Record<string, string>) => ({
    apiVersion: 'compute.secapi.cloud/v1',
    kind: 'Instance',
    metadata: { name: 'web', namespace: 'n', ...(annotations ? { annotations } : {}) },
    spec: { zone: 'a', ...(wanted === undefined ? {} : { powerState: wanted }) },
    ...(power === undefined ? {} : { status: { powerState: power } }),
  })

  it.each([
    [undefined, undefined, { start: true, stop: false, restart: false }],
    ['off', 'off', { start: true, stop: false, restart: false }],
    ['on', 'off', { start: false, stop: true, restart: false }],
    ['on', 'on', { start: false, stop: true, restart: true }],
    ['off', 'on', { start: true, stop: false, restart: false }],
  ] as const)('of an instance that shall be %s and is %s, offer what can be done', async (wanted, power, actions) => {
    expect(await actionsOf(instance(wanted, power))).toEqual(actions)
  })

  it('change what the actions say and nothing else', async () => {
    const off = instance(undefined, 'off')
    expect(await act(off, 'start')).toEqual({ ...off, spec: { ...off.spec, powerState: 'on' } })
    const on = instance('on', 'on', { team: 'shop' })
    expect(await act(on, 'stop')).toEqual({ ...on, spec: { ...on.spec, powerState: 'off' } })
    const restarted = await act(on, 'restart')
    expect(restarted).toEqual({
      ...on,
      metadata: {
        ...on.metadata,
        annotations: { team: 'shop', [RESTART_REQUESTED]: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
      },
    })
    // Asked again within the same second, it is another request all the same.
    const again = await act(restarted, 'restart')
    expect(again.metadata.annotations?.[RESTART_REQUESTED]).not.toBe(restarted.metadata.annotations?.[RESTART_REQUESTED])
    expect((await act(instance('on', 'on'), 'restart')).metadata.annotations).toHaveProperty([RESTART_REQUESTED])
  })

  it('have no action for what has none', async () => {
    expect(await actionsOf(volume({}))).toEqual({})
  })
})
