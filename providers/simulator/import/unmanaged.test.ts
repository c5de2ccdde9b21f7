import { afterEach, expect, test } from 'vitest'
import { SimulatorAdmin } from '../admin.ts'
import type { CharacterName } from '../cloud/characters.ts'
import { simulator } from '../index.ts'
import type { StandIn } from '../../stand-in/server.ts'
import { startSimulator } from '../server.ts'

let cloud: StandIn | undefined
afterEach(() => cloud?.stop())

async function start(...characters: readonly CharacterName[]) {
  cloud = await startSimulator({ port: 0, latencyMs: 3_600_000, token: 'customer', adminToken: 'admin' })
  const admin = new SimulatorAdmin({ url: cloud.url, adminToken: 'admin' })
  await admin.character({ characters: [...characters] })
  const account = {
    region: 'eu-1',
    cloudRegion: 'eu-1',
    settings: simulator.settings.parse({ endpoint: cloud.url, characters }),
    credentials: { token: 'customer' },
    acquire: () => Promise.resolve(),
  }
  const connection = simulator.connect(account)
  const list = async () => Array.fromAsync(connection.unmanaged?.({ signal: AbortSignal.timeout(10_000) }) ?? [])
  const make = async (type: string, body: object) => (await admin.create(type, body as Readonly<Record<string, unknown>>)).id
  return { admin, list, make }
}

test('what is under way or failed is left out, what goes is not told', async () => {
  const { admin, list, make } = await start('neat')
  const project = await make('projects', { name: 'p' })
  await admin.finish()
  await make('volumes', { project, name: 'new', size_gb: 1 })
  expect(await list()).toMatchObject([
    { kind: 'Workspace', externalId: project, name: 'p' },
    { kind: 'BlockStorage', name: 'new', isLeftOut: true, remarks: [expect.stringContaining('run import again when it is over')] },
  ])
})

test('all pages are told', async () => {
  const { admin, list, make } = await start('neat')
  const project = await make('projects', {})
  for (let i = 0; i < 501; i++) await make('volumes', { project, size_gb: 1 })
  await admin.finish()
  expect(await list()).toHaveLength(502)
})

test('where the cloud routes by itself, each network has a table that says so', async () => {
  const { admin, list, make } = await start('parts')
  const project = await make('projects', { name: 'p' })
  const vpcs = [
    await make('vpcs', { project, main: { ipv4: '10.1.0.0/16' }, extra: [] }),
    await make('vpcs', { project, main: {}, extra: [] }),
  ]
  const segment = await make('segments', { vpc: vpcs[1], zone: 'a', ipv4: null, ipv6: null }).catch(() => undefined)
  await admin.finish()
  const found = await list()
  expect(segment).toBeDefined()
  expect(
    found.filter(({ kind }) => ['InternetGateway', 'RouteTable'].includes(kind)).map(({ kind, parentId }) => [kind, parentId]),
  ).toEqual([['InternetGateway', undefined], ...vpcs.map((vpc) => ['RouteTable', vpc])])
  expect(found.find(({ kind }) => kind === 'Subnet')?.spec).toMatchObject({
    routeTableRef: { resource: `@RouteTable/${vpcs[1]}/internet` },
  })
})

test('a server of several firewalls has no words', async () => {
  const { admin, list, make } = await start('parts')
  const project = await make('projects', { name: 'p' })
  const vpc = await make('vpcs', { project, main: { ipv4: '10.1.0.0/16' }, extra: [] })
  const firewalls = [await make('firewalls', { vpc, rules: [], filters: [] }), await make('firewalls', { vpc, rules: [], filters: [] })]
  const machine = { project, zone: 'a', vcpus: 1, ram_gb: 1, placement_group: null, ssh_keys: [], user_data: null }
  await make('servers', { ...machine, boot_volume: { size_gb: 1 }, data_volumes: [], ports: [], firewalls })
  await admin.finish()
  expect((await list()).find(({ kind }) => kind === 'Instance')).toMatchObject({
    isLeftOut: true,
    remarks: [expect.stringContaining('2 firewalls')],
  })
})
