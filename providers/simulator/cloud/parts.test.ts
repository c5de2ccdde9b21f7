import { describe, expect, it } from 'vitest'
import type { CharacterName } from './characters.ts'
import { rig } from './testing.ts'

async function parted(more: readonly CharacterName[] = [], latencyMs = 0) {
  const cloud = rig(['parts', ...more], latencyMs)
  const settle = () => void (cloud.clock.now += 1_000)
  const project = (await cloud.make('projects')).id
  settle()
  const net = (await cloud.make('vpcs', { project, main: { ipv4: '10.0.0.0/16' }, extra: [] })).id
  settle()
  const segment = (await cloud.make('segments', { vpc: net, zone: 'a', ipv4: 'auto/24', ipv6: null })).id
  settle()
  const firewall = (await cloud.make('firewalls', { vpc: net, rules: [], filters: [] })).id
  settle()
  const port = (more: object = {}) => ({ segment, addresses: null, firewalls: [firewall], floating_ips: [], ...more })
  const machine = (more: object = {}) => ({
    project,
    zone: 'a',
    vcpus: 1,
    ram_gb: 1,
    boot_volume: { size_gb: 10, tag: 'boot' },
    data_volumes: [],
    firewalls: [],
    placement_group: null,
    ssh_keys: ['ssh-ed25519 x'],
    user_data: null,
    ports: [port({ tag: 'nic-1' }), port({ tag: 'nic-2' })],
    tag: 'server',
    ...more,
  })
  const states = async (...paths: string[]) =>
    Promise.all(
      paths.map(async (path) => {
        const { status, body } = await cloud.ask('GET', path)
        return status === 200 ? body['state'] : status
      }),
    )
  return { ...cloud, settle, project, net, segment, firewall, port, machine, states }
}

describe('a cloud of parts', () => {
  it('has no routers and no uplinks, and firewalls in a vpc alone', async () => {
    const { ask, project, net } = await parted()
    for (const type of ['routers', 'uplinks']) expect(await ask('GET', type)).toMatchObject({ status: 404, body: { code: 'no_such_type' } })
    expect((await ask('POST', 'firewalls', { project, rules: [], filters: [] })).status).toBe(422)
    expect((await ask('POST', 'segments', { vpc: net, zone: 'a', router: null, ipv4: 'auto/24', ipv6: null })).status).toBe(422)
    expect((await ask('DELETE', `vpcs/${net}`)).body).toMatchObject({ code: 'in_use' })
  })

  it('makes a server with its ports and its boot volume in one request', async () => {
    const { make, machine, get } = await parted()
    const server = await make('servers', machine())
    const ports = (await get(`servers/${server.id}/ports`)).items
    expect(ports.map(({ id, tag, server: home }) => [id, tag, home])).toEqual(
      (server['ports'] as string[]).map((id, i) => [id, `nic-${i + 1}`, server.id]),
    )
    expect(await get(`volumes/${String(server['boot_volume'])}`)).toMatchObject({ tag: 'boot', size_gb: 10, state: 'ready' })
    expect((await get('ports?tag=nic-2')).items).toMatchObject([{ id: ports[1]?.id, addresses: [expect.stringMatching(/^10\.0\.0\./)] }])
    expect((await get(`servers/${server.id}/ports?tag=nic-2`)).items).toHaveLength(1)
    expect((await get(`servers/${server.id}/ports/${ports[0]?.id}`)).id).toBe(ports[0]?.id)
  })

  it('builds the parts with their server', async () => {
    const { make, machine, states, settle, ask } = await parted([], 1_000)
    const server = await make('servers', machine())
    const [port = ''] = server['ports'] as string[]
    const all = [`servers/${server.id}`, `ports/${port}`, `volumes/${String(server['boot_volume'])}`]
    expect(await states(...all)).toEqual(['building', 'building', 'building'])
    expect((await ask('PATCH', `volumes/${String(server['boot_volume'])}`, { size_gb: 11 })).body).toMatchObject({ code: 'busy' })
    settle()
    expect(await states(...all)).toEqual(['ready', 'ready', 'ready'])
  })

  it('makes nothing of a server of which a part is refused', async () => {
    const { ask, machine, port, admin } = await parted()
    const before = admin('GET', 'stats').body['lastMutation']
    const refused = await ask('POST', 'servers', machine({ ports: [port(), port({ addresses: ['10.9.0.1'] })] }))
    expect(refused).toMatchObject({ status: 422, body: { code: 'out_of_range' } })
    expect(admin('GET', 'stats').body).toMatchObject({ objects: { servers: 0, ports: 0, volumes: 0 }, lastMutation: before })
  })

  it('answers the same server to the same token, with the same parts', async () => {
    const { make, ask, machine, admin } = await parted()
    const { id } = await make('servers', machine({ client_token: 'once' }))
    expect(await ask('POST', 'servers', machine({ client_token: 'once' }))).toMatchObject({ status: 200, body: { id } })
    expect(admin('GET', 'stats').body).toMatchObject({ objects: { servers: 1, ports: 2, volumes: 1 } })
  })

  it('changes ports below their server alone', async () => {
    const { make, ask, machine, port, get, segment } = await parted()
    const server = await make('servers', machine({ ports: [] }))
    const other = await make('servers', machine({ ports: [] }))
    expect(await ask('POST', 'ports', port())).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } })
    const nic = await make(`servers/${server.id}/ports`, port({ tag: 'late' }))
    expect((await get(`servers/${server.id}`))['ports']).toEqual([nic.id])
    expect((await ask('PATCH', `ports/${nic.id}`, { firewalls: [] })).status).toBe(405)
    expect((await ask('PATCH', `servers/${other.id}/ports/${nic.id}`, { firewalls: [] })).status).toBe(404)
    expect((await ask('PATCH', `servers/${server.id}/ports/${nic.id}`, { firewalls: [] })).body).toMatchObject({ firewalls: [] })
    expect((await ask('PATCH', `servers/${server.id}`, { ports: [] })).status).toBe(422)
    expect((await ask('DELETE', `segments/${segment}`)).body).toMatchObject({ code: 'in_use', held_by: nic.id })
    expect((await ask('DELETE', `servers/${server.id}/ports/${nic.id}`)).status).toBe(202)
    expect((await ask('GET', `ports/${nic.id}`)).status).toBe(404)
    expect((await ask('GET', 'servers/srv-0/ports')).status).toBe(404)
  })

  it('refuses ports while their server is busy, and firewalls of another vpc', async () => {
    const { make, ask, machine, port, project, settle } = await parted([], 500)
    const server = await make('servers', machine())
    expect((await ask('POST', `servers/${server.id}/ports`, port())).body).toMatchObject({ code: 'busy' })
    settle()
    const far = await make('vpcs', { project, main: { ipv4: '10.0.0.0/16' }, extra: [] })
    settle()
    const stranger = await make('firewalls', { vpc: far.id, rules: [], filters: [] })
    settle()
    expect((await ask('POST', `servers/${server.id}/ports`, port({ firewalls: [stranger.id] }))).body).toMatchObject({ code: 'wrong_vpc' })
  })

  it('deletes ports with their server, and volumes where that is asked for', async () => {
    const { make, ask, machine, states, settle, admin, project } = await parted([], 500)
    const data = await make('volumes', { project, size_gb: 1 })
    settle()
    const [kept, whole] = [await make('servers', machine()), await make('servers', machine({ data_volumes: [data.id] }))]
    settle()
    const paths = (server: typeof kept) => [
      ...(server['ports'] as string[]).map((id) => `ports/${id}`),
      `volumes/${String(server['boot_volume'])}`,
    ]
    await ask('DELETE', `servers/${kept.id}`)
    await ask('DELETE', `servers/${whole.id}?delete_volumes=true`)
    expect(await states(...paths(kept))).toEqual(['deleting', 'deleting', 'ready'])
    settle()
    expect(await states(...paths(kept))).toEqual([404, 404, 'ready'])
    expect(await states(...paths(whole), `volumes/${data.id}`)).toEqual([404, 404, 404, 404])
    const deletes = admin('GET', 'mutations').body.items.filter((one) => one['action'] === 'delete')
    expect(deletes.map(({ type, with: by }) => [type, by])).toEqual([
      ['servers', undefined],
      ['ports', kept.id],
      ['ports', kept.id],
      ['servers', undefined],
      ['ports', whole.id],
      ['ports', whole.id],
      ['volumes', whole.id],
      ['volumes', whole.id],
    ])
    expect(deletes.filter((one) => one['endedAt'] === undefined)).toEqual([])
  })

  it('does not take a volume along that another server needs', async () => {
    const { make, ask, machine } = await parted()
    const first = await make('servers', machine())
    const second = await make('servers', machine({ boot_volume: first['boot_volume'] }))
    expect(await ask('DELETE', `servers/${first.id}?delete_volumes=true`)).toMatchObject({ status: 409, body: { held_by: second.id } })
  })

  it('goes together with other characters', async () => {
    const { make, machine, port, get, states, clock, settle } = await parted(['serial', 'short-tags', 'lagging'], 1_000)
    clock.now += 60_000
    const nic = { ...port(), key: 'nic-1', owner: 'in-1' }
    const server = await make(
      'servers',
      machine({ tag: undefined, key: 'srv-1', boot_volume: { size_gb: 1, key: 'disk-1' }, ports: [nic] }),
    )
    const waiting = await make('servers', machine({ tag: undefined, boot_volume: { size_gb: 1 }, ports: [] }))
    const paths = [`servers/${server.id}`, `ports/${(server['ports'] as string[])[0]}`, `volumes/${String(waiting['boot_volume'])}`]
    expect(await states(...paths)).toEqual([404, 404, 404])
    settle()
    settle()
    expect(await states(...paths)).toEqual(['building', 'building', 'building'])
    settle()
    expect(await states(...paths)).toEqual(['ready', 'ready', 'building'])
    expect((await get('ports?key=nic-1')).items).toEqual([])
    clock.now += 5_000
    expect((await get('ports?owner=in-1')).items).toMatchObject([{ key: 'nic-1', server: server.id }])
  })
})
