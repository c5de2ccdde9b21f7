import { beforeEach, describe, expect, it } from 'vitest'
import { conflict } from '../../kube/memory-testing.ts'
import { COMPUTE, SKU, type WriteRig, writeRig } from './testing.ts'

let rig: WriteRig
beforeEach(() => {
  rig = writeRig()
  instance('off')
})
const SPEC = {
  zone: 'a',
  skuRef: SKU,
  bootVolume: { deviceRef: { resource: 'block-storages/boot' } },
  primaryNicRef: { resource: 'nics/n' },
}
const instance = (powerState: string, status: object = {}) =>
  rig.add('Instance', 'web', { ...SPEC, powerState }, { status: { state: 'active', observedGeneration: 1, powerState, ...status } })
const act = (name: string, headers: Record<string, string> = {}) => rig.app.call('POST', `${COMPUTE}/web/${name}`, { headers })
const shown = async () => {
  const { state, powerState } = (await rig.app.call('GET', `${COMPUTE}/web`)).json['status'] as Record<string, unknown>
  return [state, powerState]
}
const stored = () => rig.stored('Instance', 'web')!

describe('actions', () => {
  it('start, stop and restart, and never show the old power as active', async () => {
    expect((await act('start')).status).toBe(202)
    expect(stored().spec).toMatchObject({ powerState: 'on' })
    expect(await shown()).toEqual(['updating', 'off'])
    rig.handle('Instance', 'web', { powerState: 'on' })
    expect(await shown()).toEqual(['active', 'on'])
    expect((await act('restart')).status).toBe(202)
    expect(stored().metadata.annotations?.['secapi.cloud/restart-requested']).toMatch(/^1@/)
    expect(await shown()).toEqual(['updating', 'on'])
    rig.handle('Instance', 'web', { powerState: 'on' })
    expect((await act('stop')).status).toBe(202)
    expect([stored().spec, await shown()]).toEqual([expect.objectContaining({ powerState: 'off' }), ['updating', 'on']])
  })

  it.each([
    ['start', { powerState: 'on' }],
    ['stop', { powerState: 'off' }],
    ['restart', { powerState: 'off' }],
    ['stop', { powerState: undefined }],
    ['start', { state: 'creating' }],
    ['start', { state: 'error' }],
    ['start', { observedGeneration: 0 }],
    ['start', { lastHandledRequest: 'another' }],
  ])('%s is 409 with %j', async (name, status) => {
    instance('off', status)
    const before = stored()
    expect((await act(name)).status).toBe(409)
    expect(stored()).toEqual(before)
  })

  it('go by what a GET shows: whenever it shows active and the power, they are accepted', async () => {
    for (const state of ['pending', 'creating', 'active', 'updating', 'error'])
      for (const powerState of ['on', 'off', undefined])
        for (const observedGeneration of [-1, 1])
          for (const [name, needs] of [
            ['start', 'off'],
            ['stop', 'on'],
            ['restart', 'on'],
          ] as const) {
            rig = writeRig()
            instance('off', { state, powerState, observedGeneration })
            const [shownState, power] = await shown()
            expect((await act(name)).status).toBe(shownState === 'active' && power === needs ? 202 : 409)
          }
  })

  it('look at the cluster before they refuse: a client may have seen the state at another replica', async () => {
    instance('off', { state: 'creating' })
    rig.isWatching = false
    instance('off')
    expect((await act('start')).status).toBe(202)
  })

  it('are not for who may not', async () => {
    rig = writeRig({ deny: ({ verb }) => verb === 'post' })
    instance('off')
    expect((await act('start')).status).toBe(403)
    expect(stored().spec).toMatchObject({ powerState: 'off' })
    expect((await rig.app.call('POST', `${COMPUTE}/web/explode`)).status).toBe(404)
  })

  it('with a version only act on that version', async () => {
    const { resourceVersion } = stored().metadata
    expect((await act('start', { 'if-unmodified-since': '1' })).status).toBe(412)
    instance('off', { state: 'creating' })
    const { resourceVersion: creating } = stored().metadata
    rig.isWatching = false
    instance('off')
    expect((await act('start', { 'if-unmodified-since': creating })).status).toBe(412)
    expect((await act('start', { 'if-unmodified-since': resourceVersion })).status).toBe(412)
    expect((await act('start', { 'if-unmodified-since': stored().metadata.resourceVersion })).status).toBe(202)
    expect(rig.server.seen.filter(({ method }) => method === 'PATCH')).toHaveLength(1)
  })

  it('try again when the controllers wrote in between, and decide anew', async () => {
    let times = 2
    rig.server.fault = {
      before: ({ method }) => {
        if (method !== 'PATCH' || times-- <= 0) return
        return Promise.reject(conflict())
      },
    }
    expect((await act('start')).status).toBe(202)
    rig.handle('Instance', 'web', { powerState: 'on' })
    rig.server.fault = {
      before: ({ method }) => {
        if (method !== 'PATCH') return
        rig.server.fault = {}
        rig.handle('Instance', 'web', { powerState: 'off' })
        return Promise.reject(conflict())
      },
    }
    expect((await act('stop')).status).toBe(409)
  })

  it('leave a power that GitOps owns', async () => {
    rig.add(
      'Instance',
      'web',
      { ...SPEC, powerState: 'off' },
      { status: { state: 'active', observedGeneration: 1, powerState: 'off' }, manager: 'argocd' },
    )
    expect((await act('start')).status).toBe(409)
  })

  it('are told to the other replicas', async () => {
    const told: string[] = []
    rig = writeRig({ peers: { confirm: ({ kind, key }) => Promise.resolve(void told.push(`${kind} ${key}`)) } })
    instance('off')
    await act('start')
    expect(told).toEqual(['Instance w/web'])
  })
})
