import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createAuthority, issue } from '../../src/x509.ts'
import { createVolume } from '../../src/mounted-testing.ts'
import { SimulatorAdmin } from './admin.ts'
import { simulator } from './index.ts'
import { startSimulator } from './server.ts'
import { type SpawnedSimulator, spawnSimulator } from './spawn.ts'

type Body = Record<string, unknown> & { id: string }
const dirs: string[] = []
const running: SpawnedSimulator[] = []
const KEYS = { token: 'customer', adminToken: 'admin' }

function stateDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'simulator-'))
  dirs.push(dir)
  return dir
}

async function spawned(options: Partial<Parameters<typeof spawnSimulator>[0]> = {}): Promise<SpawnedSimulator> {
  const simulator = await spawnSimulator({ latencyMs: 0, ...KEYS, ...options })
  running.push(simulator)
  return simulator
}

async function send(url: string, method: string, path: string, body?: unknown, token = 'customer') {
  const init = { method, headers: { authorization: `Bearer ${token}` }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const response = await fetch(url + path, init)
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body }
}

afterAll(async () => {
  await Promise.all(running.map((simulator) => simulator.kill()))
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
})

describe('one simulator', () => {
  let url: string
  let admin: SimulatorAdmin
  let project: string
  let stop: () => Promise<void>

  beforeAll(async () => {
    const simulator = await startSimulator({ port: 0, latencyMs: 0, ...KEYS })
    ;({ url } = simulator)
    stop = () => simulator.stop()
    admin = new SimulatorAdmin({ url, adminToken: KEYS.adminToken })
    project = (await make('projects', {})).id
  })
  afterEach(async () => {
    await admin.character({ characters: ['neat'] })
    await Promise.all([admin.clearFaults(), admin.throttle(null), admin.latency(0), admin.strict(false), admin.tokens(['customer'])])
    await admin.finish()
  })
  afterAll(() => stop())

  const post = (type: string, body: object) => send(url, 'POST', `/v1/${type}`, body)
  const make = async (type: string, body: object): Promise<Body> => {
    const answer = await post(type, body)
    expect(answer.status, JSON.stringify(answer.body)).toBe(202)
    return answer.body
  }
  const patch = (type: string, id: string, body: object) => send(url, 'PATCH', `/v1/${type}/${id}`, body)
  const remove = (type: string, id: string) => send(url, 'DELETE', `/v1/${type}/${id}`)
  const get = async (type: string, id: string): Promise<Body> => (await send(url, 'GET', `/v1/${type}/${id}`)).body
  const volume = (more: object = {}) => make('volumes', { project, size_gb: 10, ...more })
  const server = (more: object = {}) =>
    make('servers', {
      project,
      zone: 'a',
      vcpus: 1,
      ram_gb: 2,
      data_volumes: [],
      ports: [],
      firewall: null,
      placement_group: null,
      ssh_keys: [],
      user_data: null,
      ...more,
    })
  const vpc = (more: object = {}) => make('vpcs', { project, main: { ipv4: 'auto/16', ipv6: 'auto/56' }, extra: [], ...more })
  const segment = (id: string, more: object = {}) =>
    make('segments', { vpc: id, zone: 'a', router: null, ipv4: 'auto/24', ipv6: 'auto/64', ...more })
  const port = (id: string, more: object = {}) => make('ports', { segment: id, addresses: null, firewalls: [], floating_ips: [], ...more })

  test('tokens: customers and administrators have their own', async () => {
    expect((await send(url, 'GET', '/v1/account')).status).toBe(200)
    expect((await send(url, 'GET', '/v1/account', undefined, 'admin')).status).toBe(401)
    expect((await send(url, 'GET', '/admin/inventory')).status).toBe(401)
    await admin.tokens(['renewed'])
    expect((await send(url, 'GET', '/v1/account')).status).toBe(401)
    expect((await send(url, 'GET', '/v1/account', undefined, 'renewed')).status).toBe(200)
  })

  test('bad requests are told what is wrong', async () => {
    expect((await post('volumes', { project })).body).toMatchObject({ code: 'invalid', message: expect.stringContaining('size_gb') })
    expect((await post('volumes', { project, size_gb: 1, colour: 'red' })).status).toBe(422)
    expect((await post('volumes', { project: 'prj-0', size_gb: 1 })).body).toMatchObject({ code: 'no_such_object' })
    expect((await post('unicorns', {})).status).toBe(404)
    expect((await send(url, 'PUT', '/v1/volumes', {})).status).toBe(405)
    expect((await fetch(`${url}/v1/volumes`, { method: 'POST', body: '{', headers: { authorization: 'Bearer customer' } })).status).toBe(
      400,
    )
  })

  test('the same client token answers the same object, and is free again once that is gone', async () => {
    const first = await volume({ client_token: 'once' })
    const again = await post('volumes', { client_token: 'once', project, size_gb: 99 })
    expect(again).toMatchObject({ status: 200, body: { id: first.id, size_gb: 10 } })
    await remove('volumes', first.id)
    expect((await volume({ client_token: 'once' })).id).not.toBe(first.id)
  })

  test('operations take their time, one at a time', async () => {
    await admin.latency(3_600_000)
    const { id, state } = await volume()
    expect(state).toBe('building')
    expect((await patch('volumes', id, { size_gb: 20 })).body).toMatchObject({ code: 'busy' })
    await admin.finish()
    expect((await patch('volumes', id, { size_gb: 20 })).body).toMatchObject({ state: 'changing', size_gb: 10 })
    await admin.finish()
    expect(await get('volumes', id)).toMatchObject({ state: 'ready', size_gb: 20 })
    expect((await remove('volumes', id)).body).toMatchObject({ state: 'deleting' })
    expect((await remove('volumes', id)).status).toBe(202)
    await admin.finish()
    expect((await remove('volumes', id)).status).toBe(404)
  })

  test('volumes grow only, and templates need room', async () => {
    const { id } = await volume()
    expect((await patch('volumes', id, { size_gb: 9 })).body).toMatchObject({ code: 'cannot_shrink' })
    const image = await make('templates', {
      source_volume: (await volume({ size_gb: 100 })).id,
      arch: 'x86_64',
      firmware: 'uefi',
      init: 'none',
    })
    expect(Number(image['size_mb'])).toBeGreaterThan(0)
    expect((await post('volumes', { project, size_gb: 1, source_template: image.id })).body).toMatchObject({ code: 'too_small' })
  })

  test('what is in use cannot go', async () => {
    const { id: net } = await vpc()
    const { id: seg } = await segment(net)
    const { id: fip } = await make('floating-ips', { project, family: 4, address: null })
    const { id: nic } = await port(seg, { floating_ips: [fip] })
    const { id: disk } = await volume()
    const { id: machine } = await server({ boot_volume: disk, ports: [nic] })
    const chain: [string, string][] = [
      ['volumes', disk],
      ['ports', nic],
      ['floating-ips', fip],
      ['segments', seg],
      ['vpcs', net],
    ]
    for (const [type, id] of chain) expect((await remove(type, id)).body, type).toMatchObject({ code: 'in_use' })
    expect((await remove('projects', project)).body).toMatchObject({ code: 'in_use' })
    expect((await remove('servers', machine)).status).toBe(202)
    for (const [type, id] of chain) expect((await remove(type, id)).status, type).toBe(202)
  })

  test('firewalls, routers and uplinks go, and their users lose them', async () => {
    const { id: net } = await vpc()
    const { id: router } = await make('routers', { vpc: net, routes: [] })
    const { id: uplink } = await make('uplinks', { project, egress_only: false })
    const { id: firewall } = await make('firewalls', { project, rules: [], filters: [] })
    const { id: seg } = await segment(net, { router })
    const { id: nic } = await port(seg, { firewalls: [firewall] })
    await patch('routers', router, { routes: [{ destination: '0.0.0.0/0', via: uplink }] })
    expect((await get('routers', router))['routes']).toMatchObject([{ state: 'active' }])
    await remove('uplinks', uplink)
    expect((await get('routers', router))['routes']).toMatchObject([{ state: 'blackhole' }])
    await remove('firewalls', firewall)
    await remove('routers', router)
    expect((await get('ports', nic))['firewalls']).toEqual([])
    expect((await get('segments', seg))['router']).toBeNull()
  })

  test('routes and rules that make no sense are refused one by one', async () => {
    const { id: net } = await vpc({ main: { ipv4: '10.0.0.0/16' } })
    const routes = [
      { destination: '10.0.1.0/24', via: '10.0.0.5' },
      { destination: '0.0.0.0/0', via: '192.0.2.1' },
      { destination: '0.0.0.0/0', via: '10.0.0.5' },
    ]
    expect((await make('routers', { vpc: net, routes }))['routes']).toMatchObject([
      { state: 'refused' },
      { state: 'refused' },
      { state: 'active' },
    ])
    const rule = { direction: 'in', family: null, protocols: ['tcp'], ports: null, icmp: null, peers: null }
    const rules = [
      rule,
      { ...rule, protocols: ['icmp'], ports: [[1, 2]] },
      { ...rule, peers: ['fwl-later'] },
      { ...rule, family: 6, peers: ['10.0.0.0/8'] },
    ]
    const states = (await make('firewalls', { project, rules, filters: [] }))['rules']
    expect(states).toMatchObject([{ state: 'applied' }, { state: 'refused' }, { state: 'waiting' }, { state: 'refused' }])
  })

  test('blocks and addresses are assigned inside what is there, and never twice', async () => {
    const net = await vpc()
    const segments = await Promise.all(Array.from({ length: 20 }, () => segment(net.id)))
    expect(new Set(segments.map((one) => one['ipv4'])).size).toBe(20)
    const ports = await Promise.all(Array.from({ length: 20 }, () => port(segments[0]!.id)))
    const addresses = ports.flatMap((one) => one['addresses'] as string[])
    expect(new Set(addresses).size).toBe(40)
    expect(new Set(ports.map((one) => one['mac'])).size).toBe(20)
    const floating = await Promise.all(Array.from({ length: 20 }, () => make('floating-ips', { project, family: 6, address: null })))
    expect(new Set(floating.map((one) => one['address'])).size).toBe(20)
  })

  test('a small segment: first and last address are reserved, and then it is full', async () => {
    const { id: net } = await vpc({ main: { ipv4: '10.9.0.0/16' } })
    const { id } = await segment(net, { ipv4: '10.9.1.0/29', ipv6: null })
    const taken = [await port(id, { addresses: ['10.9.1.3'] })]
    for (let i = 0; i < 5; i++) taken.push(await port(id))
    expect(taken.flatMap((one) => one['addresses'] as string[]).toSorted()).toEqual(
      ['1', '2', '3', '4', '5', '6'].map((host) => `10.9.1.${host}`),
    )
    const full = { segment: id, addresses: null, firewalls: [], floating_ips: [] }
    expect((await post('ports', full)).body).toMatchObject({ code: 'exhausted' })
    expect((await post('ports', { ...full, addresses: ['10.9.1.0'] })).body).toMatchObject({ code: 'reserved' })
    expect((await post('ports', { ...full, addresses: ['10.9.2.1'] })).body).toMatchObject({ code: 'out_of_range' })
    await remove('ports', taken[2]!.id)
    expect((await port(id))['addresses']).toEqual(taken[2]!['addresses'])
  })

  test('blocks must fit: no overlap inside a vpc, segments smaller than it, and unused blocks only may go', async () => {
    expect((await post('vpcs', { project, main: { ipv4: '10.0.0.0/8' }, extra: [{ ipv4: '10.1.0.0/16' }] })).body).toMatchObject({
      code: 'overlap',
    })
    const { id } = await vpc({ main: { ipv4: '10.0.0.0/16' }, extra: [{ ipv4: '10.1.0.0/16' }] })
    for (const ipv4 of ['10.0.0.0/16', '10.2.0.0/24', '10.0.0.0/8'])
      expect((await post('segments', { vpc: id, zone: 'a', router: null, ipv4, ipv6: null })).body, ipv4).toMatchObject({
        code: 'out_of_range',
      })
    await segment(id, { ipv4: '10.1.5.0/24', ipv6: null })
    expect((await patch('vpcs', id, { extra: [] })).body).toMatchObject({ code: 'in_use' })
  })

  test('a strict cloud refuses what is given twice; by default it does not', async () => {
    const { id: net } = await vpc({ main: { ipv4: '10.0.0.0/16' } })
    const { id: seg } = await segment(net, { ipv4: '10.0.1.0/24', ipv6: null })
    const { id: boot } = await volume()
    const twice = async () => [
      await post('segments', { vpc: net, zone: 'a', router: null, ipv4: '10.0.1.0/24', ipv6: null }),
      await post('ports', { segment: seg, addresses: ['10.0.1.9'], firewalls: [], floating_ips: [] }),
      await post('floating-ips', { project, family: 4, address: '192.0.2.9' }),
    ]
    await server({ boot_volume: boot })
    await server({ boot_volume: boot })
    expect((await twice()).concat(await twice()).map(({ status }) => status)).toEqual(Array(6).fill(202))
    await admin.strict(true)
    expect((await twice()).map(({ body }) => body['code'])).toEqual(['overlap', 'taken', 'taken'])
    const second = {
      project,
      zone: 'a',
      vcpus: 1,
      ram_gb: 1,
      data_volumes: [],
      ports: [],
      firewall: null,
      placement_group: null,
      ssh_keys: [],
      user_data: null,
    }
    expect((await post('servers', { ...second, boot_volume: boot })).body).toMatchObject({ code: 'in_use' })
  })

  test('servers come up on, and count their boots', async () => {
    const { id: boot } = await volume()
    const { id } = await server({ boot_volume: boot })
    expect(await get('servers', id)).toMatchObject({ power: 'on', boots: 1 })
    const act = (action: string, body: object = {}) => send(url, 'POST', `/v1/servers/${id}/${action}`, body)
    expect((await act('start')).body).toMatchObject({ code: 'wrong_power_state' })
    await act('restart', { metadata: { restart: 'r1' } })
    expect(await get('servers', id)).toMatchObject({ power: 'on', boots: 2, metadata: { restart: 'r1' } })
    expect((await patch('servers', id, { boot_volume: (await volume()).id })).body).toMatchObject({ code: 'must_be_off' })
    await act('stop')
    expect((await act('restart')).body).toMatchObject({ code: 'wrong_power_state' })
    expect((await patch('servers', id, { boot_volume: (await volume()).id })).status).toBe(202)
    await act('start')
    expect(await get('servers', id)).toMatchObject({ power: 'on', boots: 3 })
  })

  test('quotas', async () => {
    await make('uplinks', { project, egress_only: true })
    await admin.quota({ uplinks: (await admin.stats()).objects['uplinks'] ?? 0 })
    expect(await post('uplinks', { project, egress_only: true })).toMatchObject({ status: 422, body: { code: 'quota_exceeded' } })
    await admin.quota({ uplinks: null })
    expect((await post('uplinks', { project, egress_only: true })).status).toBe(202)
  })

  test('throttling', async () => {
    await admin.throttle({ requestsPerSecond: 0.001, burst: 2, retryAfterS: 3 })
    const answers = [await send(url, 'GET', '/v1/account'), await send(url, 'GET', '/v1/account'), await send(url, 'GET', '/v1/account')]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(answers[2]?.headers.get('retry-after')).toBe('3')
    expect((await admin.inventory()).items.length).toBeGreaterThan(0)
  })

  test('faults hit what they name, as often as they say', async () => {
    await admin.fault({ effect: 'answer', status: 503, method: 'GET', type: 'volumes', after: 1, times: 2 })
    const codes: number[] = []
    for (let i = 0; i < 4; i++) codes.push((await send(url, 'GET', '/v1/volumes')).status, (await send(url, 'GET', '/v1/vpcs')).status)
    expect(codes.filter((_, i) => i % 2 === 0)).toEqual([200, 503, 503, 200])
    expect(codes.filter((_, i) => i % 2 === 1)).toEqual([200, 200, 200, 200])
  })

  test('faults: done and no answer, nothing done, and failing or endless operations', async () => {
    const count = async () => (await admin.stats()).objects['volumes'] ?? 0
    const before = await count()
    await admin.fault({ effect: 'drop', method: 'POST' })
    await expect(volume()).rejects.toThrow('fetch failed')
    expect(await count()).toBe(before + 1)
    await admin.fault({ effect: 'refuse', method: 'POST' })
    await expect(volume()).rejects.toThrow('fetch failed')
    expect(await count()).toBe(before + 1)
    await admin.fault({ effect: 'fail-operation', message: 'no disks left' })
    const broken = await volume()
    expect(broken).toMatchObject({ state: 'failed', error: 'no disks left' })
    expect((await patch('volumes', broken.id, {})).body).toMatchObject({ state: 'ready' })
    await admin.fault({ effect: 'stuck-operation' })
    expect(await volume()).toMatchObject({ state: 'building' })
    await expect(admin.fault({ effect: 'explode' as 'drop' })).rejects.toThrow('422')
  })

  test('lists come in pages, by tag at once', async () => {
    const tag = 'in-1/eu-1/paged'
    for (let i = 0; i < 7; i++) await make('uplinks', { project, egress_only: false, tag: `${tag}-${i}` })
    const found: unknown[] = []
    for (let cursor: unknown = ''; cursor !== undefined;) {
      const query = new URLSearchParams({ tag_prefix: tag, limit: '3', ...(cursor === '' ? {} : { cursor: String(cursor) }) })
      const { body } = await send(url, 'GET', `/v1/uplinks?${query.toString()}`)
      found.push(...(body['items'] as Body[]).map((item) => item['tag']))
      cursor = body['next']
    }
    expect(found).toEqual(Array.from({ length: 7 }, (_, i) => `${tag}-${i}`))
    const { body } = await send(url, 'GET', `/v1/uplinks?tag=${encodeURIComponent(`${tag}-3`)}`)
    expect(body['items']).toHaveLength(1)
  })

  test('audits: every change once, reads and repeats none', async () => {
    const since = (await admin.mutations()).at(-1)?.seq ?? 0
    const { id } = await volume({ client_token: 'audit', tag: 'in-1/eu-1/audit' })
    await post('volumes', { client_token: 'audit', project, size_gb: 10 })
    await get('volumes', id)
    await patch('volumes', id, { size_gb: 11 })
    await admin.change(id, { size_gb: 5 })
    await remove('volumes', id)
    const seen = (await admin.mutations(since)).map(({ action, by, tag, fields }) => ({ action, by, tag, ...(fields ? { fields } : {}) }))
    const of = (action: string, by: string, fields?: string[]) => ({ action, by, tag: 'in-1/eu-1/audit', ...(fields ? { fields } : {}) })
    expect(seen).toEqual([of('create', 'api'), of('change', 'api', ['size_gb']), of('change', 'admin', ['size_gb']), of('delete', 'api')])
  })

  test('faults: half an answer, and an error after the effect', async () => {
    const count = async () => (await admin.stats()).objects['projects'] ?? 0
    const before = await count()
    await admin.fault({ effect: 'cut', method: 'POST' })
    await expect(post('projects', {})).rejects.toThrow('terminated')
    await admin.fault({ effect: 'late-answer', method: 'POST', status: 502 })
    expect((await post('projects', {})).status).toBe(502)
    expect(await count()).toBe(before + 2)
  })

  test('a character is a set of switches, changed while the cloud runs', async () => {
    expect(await admin.character({ characters: ['lagging', 'tokenless'], readLagMs: 3_600 })).toMatchObject({
      clientTokens: false,
      readLagMs: 3_600,
      listLagMs: 5_000,
    })
    const { id } = await make('projects', {})
    expect((await get('projects', id))['code']).toBe('not_found')
    expect(await admin.sight()).toMatchObject([{ id, truth: { state: 'ready' }, byId: null, listed: null }])
    expect((await send(url, 'GET', '/v1/account')).body['character']).toMatchObject({ clientTokens: false })
    expect(await admin.character({ characters: ['neat'] })).toMatchObject({ clientTokens: true })
    expect(await admin.sight()).toEqual([])
    expect((await get('projects', id))['state']).toBe('ready')
    await expect(admin.character({ queueLength: -1 })).rejects.toThrow('422')
  })

  test('audits: tags that two objects carry', async () => {
    await volume({ tag: 'in-1/eu-1/twin' })
    await volume({ tag: 'in-1/eu-1/twin' })
    const { items, duplicateTags } = await admin.inventory('in-1/eu-1/twin')
    expect(items).toHaveLength(2)
    expect(duplicateTags).toEqual(['in-1/eu-1/twin'])
  })
})

describe('a process of its own', () => {
  const fill = async (url: string, count: number) => {
    const { body: project } = await send(url, 'POST', '/v1/projects', { tag: 'p' })
    for (let i = 0; i < count; i++)
      await send(url, 'POST', '/v1/volumes', { project: project.id, size_gb: 1, tag: `v${i}`, client_token: `c${i}` })
    return project.id
  }

  test('what was answered is there after a SIGKILL, operations go on, and so does the audit', async () => {
    const dir = stateDir()
    const first = await spawned({ stateDir: dir })
    const project = await fill(first.url, 50)
    await first.admin.latency(300)
    const { body: slow } = await send(first.url, 'POST', '/v1/volumes', { project, size_gb: 1, tag: 'slow' })
    expect(slow).toMatchObject({ state: 'building' })
    const gone = (await first.admin.inventory('v7')).items[0]!
    await first.admin.remove(gone.id)
    const audit = await first.admin.mutations()
    await first.kill()

    const second = await spawned({ stateDir: dir })
    const { items } = await second.admin.inventory()
    expect(items.map(({ tag }) => tag).toSorted()).toEqual(
      ['p', 'slow', ...Array.from({ length: 50 }, (_, i) => `v${i}`)].filter((tag) => tag !== 'v7').toSorted(),
    )
    await expect.poll(async () => (await second.admin.object(slow.id))['state'], { timeout: 10_000 }).toBe('ready')
    expect(await second.admin.mutations()).toEqual(audit.map((one) => (one.tag === 'slow' ? { ...one, endedAt: one.at + 300 } : one)))
    expect((await send(second.url, 'POST', '/v1/volumes', { project, size_gb: 1, client_token: 'c3' })).status).toBe(200)
    const { body: fresh } = await send(second.url, 'POST', '/v1/volumes', { project, size_gb: 1 })
    expect(items.map(({ id }) => id)).not.toContain(fresh.id)
    expect((await second.admin.mutations()).at(-1)?.seq).toBe(audit.length + 1)
  })

  test('has the character and the account of its flags; a name that was not given is kept', async () => {
    const dir = stateDir()
    const account = async (flags: string[], stateDir = dir) => {
      const { url, kill } = await spawned({ stateDir, flags })
      const { body } = await send(url, 'GET', '/v1/account')
      await kill()
      return body as unknown as { name: string; character: Record<string, unknown> }
    }
    const first = await account(['--character', 'tokenless,short-tags'])
    expect(first.character).toMatchObject({ clientTokens: false, tagLength: 0 })
    const second = await account([])
    expect(second).toMatchObject({ name: first.name, character: { clientTokens: true, tagLength: 255 } })
    expect((await account([], stateDir())).name).not.toBe(first.name)
    expect([(await account(['--account=mine'])).name, (await account([])).name]).toEqual(['mine', 'mine'])
    await expect(spawned({ flags: ['--character=laging'] })).rejects.toThrow('did you mean lagging?')
  })

  test('a line that the kill cut off is forgotten; any other damage is told', async () => {
    const dir = stateDir()
    const first = await spawned({ stateDir: dir })
    await fill(first.url, 3)
    await first.kill()
    const journal = join(dir, 'journal.jsonl')
    appendFileSync(journal, '{"put":{"id":"vol-torn"')
    const second = await spawned({ stateDir: dir })
    expect((await second.admin.inventory()).items).toHaveLength(4)
    await second.kill()
    expect(readFileSync(journal, 'utf8')).not.toContain('torn')
    appendFileSync(journal, 'nonsense\n')
    await expect(spawned({ stateDir: dir })).rejects.toThrow(/journal\.jsonl:\d+ is damaged/)
  })

  test('ends on SIGTERM, and says why it cannot start', async () => {
    const first = await spawned()
    await expect(spawned({ port: Number(new URL(first.url).port) })).rejects.toThrow('the port is taken')
    await expect(spawned({ flags: ['--host', '0.0.0.0'] })).rejects.toThrow('give --tls-cert-file and --tls-key-file')
    await expect(spawned({ flags: ['--tls-cert-file', 'x'] })).rejects.toThrow('--tls-cert-file and --tls-key-file go together')
    await expect(spawned({ token: '' })).rejects.toThrow('--simulator-token (or SECA_SIMULATOR_TOKEN) is required')
    await expect(spawned({ flags: ['--latency', 'soon'] })).rejects.toThrow('--latency: "soon" is not a time span')
    expect(await first.stop()).toBe(0)
  })

  test('says what it needs where its folder cannot be made', async () => {
    const file = join(stateDir(), 'file')
    appendFileSync(file, '')
    await expect(spawned({ stateDir: join(file, 'folder') })).rejects.toThrow(/^the cloud cannot keep its state in .*; give --state-dir/)
  })
})

describe('a simulator with a certificate', () => {
  const ca = createAuthority('simulator-ca')
  // Of loopback, and none of those that need no certificate.
  const host = '127.0.0.2'
  const certificate = (by = ca) => issue(by, { commonName: 'simulator', usages: ['server'], hosts: [host] })
  const mounted = () => {
    const volume = createVolume()
    dirs.push(volume.path('.'))
    const flags = [`--host=${host}`, `--tls-cert-file=${volume.path('tls.crt')}`, `--tls-key-file=${volume.path('tls.key')}`]
    return { volume, flags, mount: ({ cert, key }: ReturnType<typeof certificate>) => volume.mount({ 'tls.crt': cert, 'tls.key': key }) }
  }
  const connection = (endpoint: string, settings: object) =>
    simulator.connect({
      region: 'eu-1',
      cloudRegion: { name: 'eu-1', zones: {} },
      settings: simulator.settings.parse({ endpoint, ...settings }),
      credentials: { token: KEYS.token },
      acquire: () => Promise.resolve(),
    } as unknown as Parameters<typeof simulator.connect>[0])
  const check = async (endpoint: string, settings: object) => {
    const one = connection(endpoint, settings)
    const context = { signal: AbortSignal.timeout(10_000) } as Parameters<typeof one.check>[0]
    try {
      return (await one.check(context)).account
    } finally {
      await one.close?.()
    }
  }

  test('serves by HTTPS, elsewhere than on loopback too; the adapter comes in by its CA', async () => {
    const { flags, mount } = mounted()
    mount(certificate())
    const { url } = await spawned({ flags: [...flags, '--account=acme'], ca: ca.cert })
    expect(url).toMatch(/^https:\/\/127\.0\.0\.2:/)
    expect(await check(url, { ca: ca.cert })).toBe('acme')
    expect(await check(url, { ca: `${createAuthority('other').cert}${ca.cert}` })).toBe('acme')
    for (const settings of [{}, { ca: createAuthority('other').cert }])
      await expect(check(url, settings)).rejects.toMatchObject({ failure: 'transient', message: expect.stringMatching(/certificate/) })
  })

  test('shows a new one when its volume is swapped, and ends on SIGTERM', async () => {
    const { flags, mount, volume } = mounted()
    mount(certificate())
    const tls = { certFile: volume.path('tls.crt'), keyFile: volume.path('tls.key') }
    const here = await startSimulator({ port: 0, latencyMs: 0, host, tls, reloadMs: 20, ...KEYS })
    const next = createAuthority('next-ca')
    mount(certificate(next))
    await vi.waitFor(async () => expect(await check(here.url, { ca: next.cert })).toMatch(/./), { timeout: 10_000 })
    await here.stop()
    const { stop } = await spawned({ flags, ca: next.cert })
    expect(await stop()).toBe(0)
  })

  test('waits for the files, and ends on SIGTERM meanwhile', async () => {
    const { flags, mount } = mounted()
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, '../../src/main.ts'), 'simulator', '--port=0', ...flags, `--state-dir=${stateDir()}`],
      {
        env: { ...process.env, SECA_SIMULATOR_TOKEN: 'x', SECA_SIMULATOR_ADMIN_TOKEN: 'y' },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    let log = ''
    child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()))
    await vi.waitFor(() => expect(log).toContain('waiting for files'), { timeout: 10_000 })
    mount(certificate())
    await vi.waitFor(() => expect(log).toContain('simulated cloud is up'), { timeout: 10_000 })
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  test.each([
    [{ endpoint: 'http://10.0.0.1:8090' }, 'must be an https URL; http only to this machine'],
    [{ endpoint: 'https://10.0.0.1', ca: 'x' }, 'must be certificates in PEM, and no key'],
    [{ endpoint: 'https://10.0.0.1', ca: ca.cert + ca.key }, 'must be certificates in PEM, and no key'],
    [{ endpoint: 'https://10.0.0.1', certificateAuthority: ca.cert }, 'Unrecognized key: "certificateAuthority"'],
  ])('settings %#: refused', (settings, words) => {
    expect(simulator.settings.safeParse(settings).error?.issues.map(({ message }) => message)).toEqual([words])
  })
})
