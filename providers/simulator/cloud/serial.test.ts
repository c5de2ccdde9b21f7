import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rig } from './testing.ts'

async function serial(more: object = {}, stateDir?: string) {
  const cloud = rig(['serial'], 10, stateDir)
  cloud.admin('PUT', 'character', more)
  const project = (await cloud.make('projects')).id
  cloud.clock.now += 10
  const volume = (of = project) => cloud.make('volumes', { project: of, size_gb: 1 })
  const doing = async (...ids: string[]) => {
    const found = await Promise.all(ids.map((id) => cloud.ask('GET', `volumes/${id}`)))
    return found.map(({ status, body }) => (status === 404 ? 'gone' : (body['operation'] ?? body['state'])))
  }
  return { ...cloud, project, volume, doing }
}

describe('a serial cloud', () => {
  it('does one thing after the other in a project, and does not hold up another project', async () => {
    const { volume, doing, make, clock } = await serial()
    const other = (await make('projects')).id
    clock.now += 10
    const ids = [(await volume()).id, (await volume()).id, (await volume()).id, (await volume(other)).id]
    expect(await doing(...ids)).toEqual(['building', 'queued', 'queued', 'building'])
    clock.now += 10
    expect(await doing(...ids)).toEqual(['ready', 'building', 'queued', 'ready'])
    // However long nobody looks.
    clock.now += 100
    expect(await doing(...ids)).toEqual(['ready', 'ready', 'ready', 'ready'])
  })

  it('takes objects inside a vpc for its project, and projects and templates for nobody', async () => {
    const { make, project, volume, get } = await serial()
    const { id } = await volume()
    const net = await make('vpcs', { project, main: { ipv4: '10.0.0.0/16' }, extra: [] })
    const segment = await make('segments', { vpc: net.id, zone: 'a', router: null, ipv4: 'auto/24', ipv6: null })
    const port = await make('ports', { segment: segment.id, addresses: null, firewalls: [], floating_ips: [] })
    expect([net, segment, port].map((one) => one['operation'])).toEqual(['queued', 'queued', 'queued'])
    const template = await make('templates', { source_volume: id, arch: 'x86_64', firmware: 'uefi', init: 'none' })
    expect([template['operation'], (await make('projects'))['operation']]).toEqual(['building', 'building'])
    expect((await get(`ports/${port.id}`))['state']).toBe('building')
  })

  it('stamps what happens in its turn with the time of its turn', async () => {
    const { make, project, volume, clock, get } = await serial()
    const disk = await volume()
    const order = { project, zone: 'a', vcpus: 1, ram_gb: 1, boot_volume: disk.id, data_volumes: [], ports: [], firewall: null }
    const server = await make('servers', { ...order, placement_group: null, ssh_keys: [], user_data: null })
    const begin = clock.now
    clock.now += 500
    expect(await get(`servers/${server.id}`)).toMatchObject({ state: 'ready', power: 'on', power_changed_at: begin + 20 })
  })

  it('answers 423 when too many wait', async () => {
    const { volume, ask, project, clock, get } = await serial({ queueLength: 1 })
    const running = await volume()
    await volume()
    expect(await ask('POST', 'volumes', { project, size_gb: 1 })).toMatchObject({ status: 423, body: { code: 'locked' } })
    expect((await get('volumes')).items).toHaveLength(2)
    // What is in the queue already takes no other place in it.
    expect((await ask('DELETE', `volumes/${running.id}`)).status).toBe(202)
    clock.now += 10
    expect((await ask('POST', 'volumes', { project, size_gb: 1 })).status).toBe(202)
  })

  it('goes on when what was waited for is deleted, vanishes or fails', async () => {
    const { volume, doing, ask, admin, clock } = await serial()
    const [first, second, third, fourth] = [await volume(), await volume(), await volume(), await volume()]
    const ids = [first.id, second.id, third.id, fourth.id]
    await ask('DELETE', `volumes/${second.id}`)
    admin('DELETE', `objects/${first.id}`)
    expect(await doing(...ids)).toEqual(['gone', 'deleting', 'queued', 'queued'])
    clock.now += 10
    expect(await doing(...ids)).toEqual(['gone', 'gone', 'building', 'queued'])
    admin('POST', 'faults', { effect: 'stuck-operation' })
    await ask('DELETE', `volumes/${third.id}`)
    clock.now += 1_000
    expect(await doing(...ids)).toEqual(['gone', 'gone', 'deleting', 'queued'])
    admin('POST', 'finish')
    expect(await doing(...ids)).toEqual(['gone', 'gone', 'gone', 'ready'])
  })

  it('remembers its queues over a restart, in order', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'simulator-serial-'))
    try {
      const first = await serial({}, stateDir)
      const ids = [(await first.volume()).id, (await first.volume()).id, (await first.volume()).id]
      first.clock.now += 15
      expect(await first.doing(...ids)).toEqual(['ready', 'building', 'queued'])
      const before = first.admin('GET', 'mutations').body
      for (const passed of [15, 25]) {
        const again = rig(['serial'], 10, stateDir)
        again.clock.now = first.clock.now
        again.clock.now += passed - 15
        const states = (await again.get('volumes')).items.map((item) => item['operation'] ?? item['state'])
        expect(states).toEqual(passed === 15 ? ['ready', 'building', 'queued'] : ['ready', 'ready', 'building'])
        again.desk.cloud.close()
      }
      expect(before.items.map((one) => one['endedAt'])).toEqual([1_000_010, 1_000_020, undefined, undefined])
      first.desk.cloud.close()
    } finally {
      rmSync(stateDir, { recursive: true })
    }
  })
})
