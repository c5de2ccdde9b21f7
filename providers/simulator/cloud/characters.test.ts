import { describe, expect, it } from 'vitest'
import { CHARACTER_NAMES, switchesOf } from './characters.ts'
import { rig } from './testing.ts'

describe('characters', () => {
  it('add up, and differ from the neat one', () => {
    const neat = switchesOf(['neat'])
    expect(switchesOf([])).toEqual(neat)
    expect(switchesOf(['tokenless', 'lagging'])).toEqual({ ...neat, clientTokens: false, readLagMs: 2_000, listLagMs: 5_000 })
    const others = CHARACTER_NAMES.filter((name) => name !== 'neat')
    expect(others.map((name) => JSON.stringify(switchesOf([name]))).filter((text) => text === JSON.stringify(neat))).toEqual([])
  })

  it('can be changed while the cloud runs: whole ones, or switch by switch', () => {
    const { admin } = rig(['serial'])
    const order = (body: object) => admin('PUT', 'character', body).body
    expect(order({ readLagMs: 9 })).toMatchObject({ serial: true, readLagMs: 9 })
    expect(order({ characters: ['tokenless'], listLagMs: 7 })).toEqual({ ...switchesOf(['tokenless']), listLagMs: 7 })
    expect(admin('PUT', 'character', { characters: ['grumpy'] }).status).toBe(422)
    expect(admin('PUT', 'character', { colour: 'red' }).status).toBe(422)
    expect(admin('GET', 'character').body).toEqual({ ...switchesOf(['tokenless']), listLagMs: 7 })
  })

  it('are told to customers as far as they need to know', async () => {
    const { get } = rig(['short-tags', 'parts', 'lagging'])
    expect(await get('account')).toEqual({
      name: expect.stringMatching(/^acc-[0-9a-f]{12}$/),
      character: { clientTokens: true, tagLength: 0, keyLength: 30, serial: false, parts: true, readLagMs: 2_000, listLagMs: 5_000 },
    })
  })
})

describe('a tokenless cloud', () => {
  it('makes two where it is asked twice, and tells the auditor what was sent', async () => {
    const { make, admin } = rig(['tokenless'])
    const order = { client_token: 'once', tag: 't', metadata: { incarnation: 'i1' } }
    const ids = [(await make('projects', order)).id, (await make('projects', order)).id]
    expect(new Set(ids).size).toBe(2)
    expect(admin('GET', 'mutations').body.items).toMatchObject(
      ids.map((id) => ({ action: 'create', id, clientToken: 'once', metadata: { incarnation: 'i1' } })),
    )
    expect(admin('GET', 'inventory').body).toMatchObject({ duplicateTags: ['t'] })
    admin('PUT', 'character', { clientTokens: true })
    expect(ids).not.toContain((await make('projects', order)).id)
  })
})

describe('a cloud with short tags', () => {
  it('finds by key, lists by owner, and refuses tags', async () => {
    const { make, ask, admin } = rig(['short-tags'])
    const [one] = [await make('projects', { key: 'k-1', owner: 'in-1' }), await make('projects', { key: 'k-2', owner: 'in-2' })]
    expect(one).toMatchObject({ tag: '', key: 'k-1', owner: 'in-1' })
    const ids = async (query: string) => (await ask('GET', `projects?${query}`)).body.items.map(({ id }) => id)
    expect([await ids('key=k-1'), await ids('owner=in-1'), await ids('key=in-1')]).toEqual([[one.id], [one.id], []])
    await ask('PATCH', `projects/${one.id}`, { key: 'k-3' })
    expect([await ids('key=k-1'), await ids('key=k-3')]).toEqual([[], [one.id]])
    const codes = [
      await ask('POST', 'projects', { tag: 't' }),
      await ask('POST', 'projects', { key: 'Upper' }),
      await ask('POST', 'projects', { key: 'k'.repeat(31) }),
      await ask('GET', 'projects?tag=t'),
      await ask('GET', 'projects?tag_prefix=t'),
    ]
    expect(codes.map(({ status }) => status)).toEqual([422, 422, 422, 422, 422])
    await make('projects', { key: 'k-3' })
    expect(admin('GET', 'inventory').body).toMatchObject({ duplicateTags: ['k-3'] })
  })

  it('is not what a cloud with tags is', async () => {
    const { ask } = rig()
    expect((await ask('POST', 'projects', { key: 'k' })).status).toBe(422)
    expect((await ask('GET', 'projects?owner=o')).status).toBe(422)
  })
})

describe('errors', () => {
  it('are kept until the next operation ends, or forgotten when it begins', async () => {
    const { make, ask, admin, clock } = rig([], 10)
    const { id } = await make('projects')
    const failed = async () => {
      admin('POST', 'faults', { effect: 'fail-operation', message: 'no' })
      clock.now += 10
      await ask('PATCH', `projects/${id}`, {})
      clock.now += 10
      return (await ask('PATCH', `projects/${id}`, {})).body
    }
    expect(await failed()).toMatchObject({ state: 'changing', error: 'no' })
    admin('PUT', 'character', { forgetsErrors: true })
    expect(await failed()).toMatchObject({ state: 'changing', error: undefined })
  })

  it('of a full quota have the status that was chosen; whoever is in the way is named', async () => {
    const { make, ask, admin } = rig(['parts'])
    const project = await make('projects')
    const volume = await make('volumes', { project: project.id, size_gb: 1 })
    admin('PUT', 'quota', { projects: 1 })
    expect(await ask('POST', 'projects')).toMatchObject({ status: 403, body: { code: 'quota_exceeded' } })
    expect(await ask('DELETE', `projects/${project.id}`)).toMatchObject({ status: 409, body: { code: 'in_use', held_by: volume.id } })
  })
})

describe('a cloud that fails late', () => {
  it('accepts what cannot be, keeps the failed build, and makes it when it is changed to what can', async () => {
    const { make, ask, get, admin } = rig()
    admin('PUT', 'character', { failsLate: true })
    const project = (await make('projects')).id
    const net = await make('vpcs', { project, main: { ipv4: '10.0.0.0/16' }, extra: [] })
    const segment = await make('segments', { vpc: net.id, zone: 'a', router: null, ipv4: '10.9.0.0/24', ipv6: null })
    expect(segment).toMatchObject({ state: 'failed', error: expect.stringMatching(/^out_of_range: /) })
    expect(await make('volumes', { project: 'prj-0', size_gb: 1 })).toMatchObject({
      error: 'no_such_object: project: prj-0 does not exist',
    })
    expect((await ask('POST', 'volumes', { project })).status).toBe(422)
    await ask('PATCH', `segments/${segment.id}`, { ipv4: '10.8.0.0/24' })
    expect(await get(`segments/${segment.id}`)).toMatchObject({ state: 'failed' })
    await ask('PATCH', `segments/${segment.id}`, { ipv4: 'auto/24' })
    expect(await get(`segments/${segment.id}`)).toMatchObject({ state: 'ready', ipv4: '10.0.0.0/24', error: undefined })
    const failed = admin('GET', 'mutations').body.items.filter((one) => one['failed'] !== undefined)
    expect(failed.map((one) => [one['action'], one['type']])).toEqual([
      ['create', 'segments'],
      ['create', 'volumes'],
      ['change', 'segments'],
    ])
  })

  it('keeps what was there when a change cannot be', async () => {
    const { make, ask, admin } = rig()
    admin('PUT', 'character', { failsLate: true })
    const { id } = await make('volumes', { project: (await make('projects')).id, size_gb: 5 })
    expect((await ask('PATCH', `volumes/${id}`, { size_gb: 4 })).body).toMatchObject({ state: 'failed', size_gb: 5 })
    expect((await ask('PATCH', `volumes/${id}`, { size_gb: 6 })).body).toMatchObject({ state: 'ready', size_gb: 6 })
  })
})
