import { describe, expect, it } from 'vitest'
import { rig } from './testing.ts'

describe('what the cloud offers', () => {
  it('are flavours, volume types, speeds and zones', async () => {
    const { get } = rig()
    expect(await get('catalogue')).toMatchObject({
      zones: ['a', 'b', 'c'],
      flavours: expect.arrayContaining([{ name: 'm', arch: 'x86_64', vcpus: 2, ram_gb: 4 }]),
      volume_types: expect.arrayContaining([expect.objectContaining({ name: 'basic', iops: 500 })]),
    })
  })

  it("are templates that are in nobody's inventory, and nobody's to touch", async () => {
    const { get, ask, admin } = rig()
    const { items } = await get('templates?public=true')
    expect(items.map(({ id, name, arch, tag }) => [id, name, arch, tag])).toEqual([
      ['tpl-public-ubuntu-24-04-amd64', 'ubuntu-24.04', 'x86_64', ''],
      ['tpl-public-debian-12-amd64', 'debian-12', 'x86_64', ''],
      ['tpl-public-debian-12-arm64', 'debian-12', 'aarch64', ''],
    ])
    expect((await get('templates?public=true&limit=2'))['next']).toBe('2')
    const id = items[0]?.id ?? ''
    expect(await get(`templates/${id}`)).toMatchObject({ id, state: 'ready', public: true })
    const lists = [await get('templates'), await get('templates?tag_prefix='), await get('templates?tag='), admin('GET', 'inventory').body]
    expect(lists.map((list) => list.items)).toEqual([[], [], [], []])
    const refused = [
      await ask('PATCH', `templates/${id}`, { firmware: 'bios' }),
      await ask('DELETE', `templates/${id}`),
      admin('DELETE', `objects/${id}`),
      admin('PATCH', `objects/${id}`, {}),
    ]
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403])
    expect((await ask('GET', `volumes/${id}`)).status).toBe(404)
  })

  it('are templates that volumes can be made from', async () => {
    const { make, ask } = rig()
    const project = (await make('projects')).id
    const source_template = 'tpl-public-debian-12-amd64'
    expect(await make('volumes', { project, size_gb: 2, source_template })).toMatchObject({ source_template })
    expect((await ask('POST', 'volumes', { project, size_gb: 1, source_template })).body).toMatchObject({ code: 'too_small' })
  })
})
