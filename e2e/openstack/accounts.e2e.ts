import { type AddressInfo, connect } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Native } from '../../providers/openstack/native.ts'
import { createProgress } from '../../src/cli/progress.ts'
import { createAuthority, issue } from '../../src/x509.ts'
import { OpenStackApi } from './api.ts'
import { type OpenStack, startOpenStack } from './bed/bed.ts'
import { type ServiceName, SERVICES, urlOf } from './bed/config.ts'
import { lackingForOpenStack } from './bed/venv.ts'
import { connectDirectly, type Direct, passwordOf } from './direct.ts'

const SERVICE_OF = { image: 'glance', compute: 'nova', network: 'neutron', volumev3: 'cinder', 'block-storage': 'cinder' } as const
type Type = keyof typeof SERVICE_OF

/** What clouds put into their catalogues, and whom they let in, on Keystone itself: one cloud after the other. */
describe.skipIf((await lackingForOpenStack()) !== undefined)('accounts of other clouds', () => {
  let cloud: OpenStack
  let admin: OpenStackApi
  let endpoints: readonly Native[]
  let types: ReadonlyMap<string, string>

  beforeAll(async () => {
    cloud = await startOpenStack({ progress: createProgress(process.stdout) })
    admin = new OpenStackApi(cloud.admin)
    await admin.projectId()
    endpoints = await admin.list('identity', '/endpoints')
    types = new Map((await admin.list('identity', '/services')).map((one) => [one.id, String(one['type'])]))
  }, 600_000)
  afterAll(() => cloud?.stop())

  const root = (type: Type) => urlOf(cloud.ports, SERVICE_OF[type])
  /** Gives endpoints the URL that `url` says, all others the one they came with. */
  const announce = async (url: (type: Type, kind: string) => string | undefined) => {
    for (const { id, url: first, interface: kind, service_id: service } of endpoints) {
      const type = types.get(String(service)) as Type
      const endpoint = { url: (SERVICE_OF[type] === undefined ? undefined : url(type, String(kind))) ?? first }
      await admin.call('identity', { method: 'PATCH', path: `/endpoints/${id}`, body: { endpoint } })
    }
  }
  const login = (more: Partial<Parameters<typeof connectDirectly>[0]> = {}) =>
    connectDirectly({ user: cloud.demo, credentials: passwordOf(cloud.demo), ...more })

  /** A call to each service: reads, and something made and removed. */
  const expectWorks = async (direct: Direct, workspace?: Parameters<Direct['desired']>[3]) => {
    try {
      const offers = await Array.fromAsync(direct.connection.catalogue?.(direct.context) ?? [])
      expect(new Set(offers.map(({ kind }) => kind))).toEqual(new Set(['InstanceSku', 'StorageSku', 'Image']))
      for (const wanted of [
        direct.desired('Network', 'net', { cidr: { ipv4: '10.0.0.0/16' } }, workspace),
        direct.desired('BlockStorage', 'data', { sizeGB: 1 }, workspace),
      ]) {
        expect((await direct.make(wanted)).externalId).toEqual(expect.any(String))
        await direct.remove(wanted)
      }
      for await (const item of direct.connection.inventory('direct', direct.context))
        if (item.kind !== 'Workspace') expect(item).toBeUndefined()
    } finally {
      await direct.connection.close()
    }
  }
  const iops = { settings: { iops: { '*': 500 } } }

  it.each<[string, (type: Type) => string | undefined]>([
    ['without versions', (type) => root(type)],
    [
      'with a slash at the end',
      (type) =>
        ({
          network: `${root(type)}/v2.0/`,
          image: `${root(type)}/v2/`,
          compute: undefined,
          volumev3: undefined,
          'block-storage': undefined,
        })[type],
    ],
    [
      'with the project behind the version',
      (type) =>
        ({
          compute: `${root(type)}/v2.1/%(project_id)s`,
          volumev3: `${root(type)}/v3/%(tenant_id)s`,
          'block-storage': 'https://nobody.invalid',
          network: undefined,
          image: undefined,
        })[type],
    ],
  ])('%s', { timeout: 240_000 }, async (_what, url) => {
    await announce(url)
    await expectWorks(login(iops))
  })

  it('with the project behind the version, where each workspace has one of its own', { timeout: 240_000 }, async () => {
    await announce((type) => (type === 'volumev3' || type === 'block-storage' ? `${root(type)}/v3/%(project_id)s` : undefined))
    const direct = login({
      user: cloud.admin,
      credentials: passwordOf(cloud.admin),
      settings: { ...iops.settings, workspaces: 'projects' },
    })
    const wanted = direct.desired('Workspace', 'prod')
    const workspace = await direct.make(wanted)
    await expectWorks(direct, { workspace })
    const again = login({ user: cloud.admin, credentials: passwordOf(cloud.admin), settings: { workspaces: 'projects' } })
    await again.remove({ ...wanted, externalId: workspace.externalId })
    await again.connection.close()
  })

  it('with other endpoints inside than outside', { timeout: 240_000 }, async () => {
    await announce((_type, kind) => (kind === 'internal' ? undefined : 'https://nobody.invalid'))
    await expectWorks(login({ ...iops, cloud: { interface: 'internal' } }))
  })

  it('with several regions', { timeout: 240_000 }, async () => {
    await announce(() => undefined)
    await admin.call('identity', { method: 'POST', path: '/regions', body: { region: { id: 'RegionTwo' } } })
    const others = endpoints.filter(
      ({ interface: kind, service_id: service }) => kind === 'public' && types.get(String(service)) !== 'identity',
    )
    for (const { service_id } of others)
      await admin.call('identity', {
        method: 'POST',
        path: '/endpoints',
        body: { endpoint: { service_id, interface: 'public', region_id: 'RegionTwo', url: 'https://nobody.invalid' } },
      })
    for (const cloudRegion of ['eu-1', 'RegionThree']) {
      const direct = login({ cloudRegion })
      await expect(direct.observe(direct.desired('Network', 'net'))).rejects.toThrow(
        new RegExp(
          `has network in (RegionOne, RegionTwo|RegionTwo, RegionOne), and not in ${cloudRegion}: name the region in Region.spec.cloud.region`,
        ),
      )
      await direct.connection.close()
    }
    await expectWorks(login({ ...iops, cloudRegion: 'RegionOne' }))
    await expectWorks(login({ ...iops, cloud: { region_name: 'RegionOne' } }))
  })

  it('with access rules that leave something out', { timeout: 240_000 }, async () => {
    await announce(() => undefined)
    const demo = new OpenStackApi(cloud.demo)
    const path = `/users/${await demo.userId()}/application_credentials`
    const access_rules = [{ service: 'network', method: 'GET', path: '/v2.0/networks' }]
    const body = { application_credential: { name: 'few', access_rules } }
    const { application_credential: made } = await demo.call<{ application_credential: { id: string; secret: string } }>('identity', {
      method: 'POST',
      path,
      body,
    })
    const direct = login({
      credentials: { application_credential_id: made.id, application_credential_secret: made.secret },
      cloudRegion: 'RegionOne',
    })
    await direct.connection.check(direct.context)
    const network = direct.desired('Network', 'net', { cidr: { ipv4: '10.0.0.0/16' } })
    expect(await direct.observe(network)).toBeUndefined()
    const refused = (what: string) => ({
      failure: 'rejected',
      message: expect.stringContaining(`access rules of the application credential do not allow ${what}: `),
    })
    await expect(direct.adapter('Network').create(network, direct.context)).rejects.toMatchObject(refused('POST /v2.0/networks of network'))
    await expect(direct.observe(direct.desired('BlockStorage', 'data', { sizeGB: 1 }))).rejects.toMatchObject(refused('GET /v3/ of volume'))
    await direct.connection.close()

    const projects = login({
      credentials: { application_credential_id: made.id, application_credential_secret: made.secret },
      settings: { workspaces: 'projects' },
    })
    await expect(projects.connection.check(projects.context)).rejects.toMatchObject({
      message: expect.stringContaining('settings.workspaces: projects needs username and password'),
    })
    await projects.connection.close()
    await demo.delete('identity', `${path}/${made.id}`)
    const gone = login({ credentials: { application_credential_id: made.id, application_credential_secret: made.secret } })
    await expect(gone.connection.check(gone.context)).rejects.toMatchObject({ failure: 'credentials' })
    await gone.connection.close()
  })

  it('with a manager of a domain, who sees nothing but that', { timeout: 240_000 }, async () => {
    await announce(() => undefined)
    const roles = await admin.list('identity', '/roles?name=manager')
    const made = async (path: string, body: object) =>
      Object.values(await admin.call<Record<string, Native>>('identity', { method: 'POST', path, body }))[0]?.id ?? ''
    const domain = await made('/domains', { domain: { name: 'Acme' } })
    const user = await made('/users', { user: { name: 'boss', domain_id: domain, password: 'secret' } })
    await admin.call('identity', { method: 'PUT', path: `/domains/${domain}/users/${user}/roles/${roles[0]?.id ?? ''}` })
    const manager = () =>
      login({
        credentials: { username: 'boss', password: 'secret' },
        auth: { domain_name: 'Acme', user_domain_name: 'Acme' },
        settings: { ...iops.settings, workspaces: 'projects' },
        cloudRegion: 'RegionOne',
      })
    const direct = manager()
    expect(await direct.connection.check(direct.context)).toEqual({ account: domain })
    await expect(Array.fromAsync(direct.connection.catalogue?.(direct.context) ?? [])).rejects.toMatchObject({ failure: 'waiting' })
    const wanted = direct.desired('Workspace', 'prod')
    const workspace = await direct.make(wanted)
    const ip = direct.desired('PublicIp', 'ip', { version: 'IPv4' }, { workspace })
    expect((await direct.make(ip)).status['ipAddress']).toMatch(/^203\.0\.113\./)
    await direct.remove(ip)
    await expectWorks(direct, { workspace })
    const again = manager()
    await again.remove({ ...wanted, externalId: workspace.externalId })
    await again.connection.close()
  })

  it('behind TLS, vouched for by an authority of its own', { timeout: 240_000 }, async () => {
    const authority = createAuthority('private cloud')
    const fronts = await Promise.all(SERVICES.map(async (name) => [name, await front(authority, cloud.ports[name])] as const))
    const ports = Object.fromEntries(fronts.map(([name, server]) => [name, (server.address() as AddressInfo).port])) as Record<
      ServiceName,
      number
    >
    await announce((type) => `https://127.0.0.1:${ports[SERVICE_OF[type]]}`)
    const user = { ...cloud.demo, authUrl: `https://127.0.0.1:${ports.keystone}/v3` }
    const more = { user, cloudRegion: 'RegionOne' }
    const stranger = login(more)
    await expect(stranger.connection.check(stranger.context)).rejects.toMatchObject({
      failure: 'transient',
      message: expect.stringContaining('certificate'),
    })
    await stranger.connection.close()
    await expectWorks(login({ ...more, settings: { ...iops.settings, ca: authority.cert } }))
    for (const [, server] of fronts) server.close()
  })
})

async function front(authority: ReturnType<typeof createAuthority>, port: number): Promise<Server> {
  const server = createServer(issue(authority, { commonName: 'cloud', usages: ['server'], hosts: ['127.0.0.1'] }), (socket) => {
    const onward = connect(port, '127.0.0.1')
    for (const one of [socket, onward]) one.on('error', () => void (socket.destroy(), onward.destroy()))
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
