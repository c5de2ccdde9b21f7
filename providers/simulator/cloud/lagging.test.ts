import { describe, expect, it } from 'vitest'
import { rig } from './testing.ts'

const OLD = { readLagMs: 2_000, listLagMs: 5_000 }

async function lagging(characters: Parameters<typeof rig>[0] = ['lagging'], latencyMs = 0) {
  const cloud = rig(characters, latencyMs)
  const project = (await cloud.make('projects', { tag: 'p' })).id
  cloud.clock.now += 60_000
  const seen = async (id: string, tag: string) => {
    const found = await cloud.ask('GET', `volumes/${id}`)
    const listed = (await cloud.get(`volumes?tag_prefix=${tag}`)).items
    const tagged = (await cloud.get(`volumes?tag=${tag}`)).items
    const size = (object: Readonly<Record<string, unknown>> | undefined) => object?.['size_gb'] ?? null
    return [found.status === 404 ? null : size(found.body), size(listed[0]), size(tagged[0])]
  }
  return { ...cloud, project, seen, volume: (more: object = {}) => cloud.make('volumes', { project, size_gb: 1, tag: 'v', ...more }) }
}

describe('a lagging cloud', () => {
  it('does not show what was made until the lag is over: by id first, then in lists', async () => {
    const { volume, seen, clock } = await lagging()
    const { id } = await volume()
    const after = async (ms: number) => ((clock.now += ms), seen(id, 'v'))
    expect(await after(0)).toEqual([null, null, null])
    expect(await after(1_999)).toEqual([null, null, null])
    expect(await after(1)).toEqual([1, null, null])
    expect(await after(2_999)).toEqual([1, null, null])
    expect(await after(1)).toEqual([1, 1, 1])
  })

  it('shows old values, then new ones, and what is gone as if it were there', async () => {
    const { volume, seen, ask, clock } = await lagging()
    const { id } = await volume()
    clock.now += 60_000
    await ask('PATCH', `volumes/${id}`, { size_gb: 2 })
    expect(await seen(id, 'v')).toEqual([1, 1, 1])
    clock.now += 2_000
    expect(await seen(id, 'v')).toEqual([2, 1, 1])
    await ask('DELETE', `volumes/${id}`)
    expect(await seen(id, 'v')).toEqual([2, 1, 1])
    // Writes know the truth.
    expect((await ask('DELETE', `volumes/${id}`)).status).toBe(404)
    clock.now += 3_000
    expect(await seen(id, 'v')).toEqual([null, 2, 2])
    clock.now += 2_000
    expect(await seen(id, 'v')).toEqual([null, null, null])
  })

  it('is found by the tag that it had, not yet by the one that it has', async () => {
    const { volume, ask, get, clock } = await lagging()
    const { id } = await volume({ tag: 'old' })
    clock.now += 60_000
    await ask('PATCH', `volumes/${id}`, { tag: 'new' })
    const found = async (tag: string) => (await get(`volumes?tag=${tag}`)).items.map((item) => item['tag'])
    expect([await found('old'), await found('new')]).toEqual([['old'], []])
    clock.now += 5_000
    expect([await found('old'), await found('new')]).toEqual([[], ['new']])
  })

  it('shows the end of an operation late, too, however late it looks', async () => {
    const { volume, get, clock, ask } = await lagging(['lagging'], 1_000)
    const { id } = await volume()
    const states: unknown[] = []
    for (let at = 0; at < 8_000; at += 1_000) {
      const { status, body } = await ask('GET', `volumes/${id}`)
      states.push(status === 404 ? 404 : body['state'])
      clock.now += 1_000
    }
    expect(states).toEqual([404, 404, 'building', 'ready', 'ready', 'ready', 'ready', 'ready'])
    // Nobody looked while it ended: the end counts from when it was.
    const other = await volume()
    clock.now += 3_000
    expect(await get(`volumes/${other.id}`)).toMatchObject({ state: 'ready' })
  })

  it('lists in the order of creation, with what is gone in its place, page by page', async () => {
    const { volume, ask, get, clock } = await lagging()
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push((await volume({ tag: `v${i}` })).id)
    clock.now += 60_000
    await ask('DELETE', `volumes/${ids[1]}`)
    const first = await get('volumes?limit=3')
    const second = await get(`volumes?limit=3&cursor=${String(first['next'])}`)
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids)
    clock.now += 5_000
    expect((await get('volumes')).items.map(({ id }) => id)).toEqual(ids.filter((_, i) => i !== 1))
  })

  it('keeps client tokens honest: creating again answers what nobody can see yet', async () => {
    const { volume, ask, project } = await lagging()
    const { id } = await volume({ client_token: 'once' })
    expect(await ask('POST', 'volumes', { project, size_gb: 1, client_token: 'once' })).toMatchObject({ status: 200, body: { id } })
  })

  it('tells the administrator where customers see something else than is true', async () => {
    const { volume, ask, admin, clock } = await lagging()
    expect(admin('GET', 'sight').body.items).toEqual([])
    const { id } = await volume()
    expect(admin('GET', 'sight').body.items).toMatchObject([{ id, tag: 'v', truth: { state: 'ready' }, byId: null, listed: null }])
    clock.now += 2_000
    expect(admin('GET', 'sight').body.items).toMatchObject([{ truth: { size_gb: 1 }, byId: { size_gb: 1 }, listed: null }])
    clock.now += 3_000
    expect(admin('GET', 'sight').body.items).toEqual([])
    await ask('DELETE', `volumes/${id}`)
    expect(admin('GET', 'sight').body.items).toMatchObject([{ id, truth: null, byId: { size_gb: 1 }, listed: { size_gb: 1 } }])
  })

  it('sees clearly as soon as the lag is lifted, and forgets what it kept', async () => {
    const { volume, seen, admin, desk } = await lagging()
    const { id } = await volume()
    admin('PUT', 'character', { readLagMs: 0, listLagMs: 0 })
    expect(await seen(id, 'v')).toEqual([1, 1, 1])
    expect(desk.cloud.store.past).toBeUndefined()
    admin('PUT', 'character', OLD)
    expect(await seen(id, 'v')).toEqual([1, 1, 1])
  })

  it('keeps only what can still be seen', async () => {
    const { volume, ask, clock, desk } = await lagging()
    const kept = () => Array.from(desk.cloud.store.past?.ids ?? []).length
    const ids: string[] = []
    for (let i = 0; i < 3_000; i++) ids.push((await volume({ tag: `v${i}` })).id)
    expect(kept()).toBe(3_000)
    clock.now += 5_001
    await ask('DELETE', `volumes/${ids[0]}`)
    expect(kept()).toBe(1)
    clock.now += 5_001
    await ask('GET', 'account')
    expect(kept()).toBe(0)
    expect(desk.cloud.store.past?.marked('volumes tag v0').size).toBe(0)
  })
})
