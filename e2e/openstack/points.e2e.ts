import { afterEach, describe, expect, it } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'
import { Fire } from '../crash/fire.ts'
import type { Crossing } from '../crash/gate.ts'
import { changed, FLAGS, livesUnderFire, SEED, Strikes, type Witness } from '../crash/lives.ts'
import type { NameOf } from '../crash/points.ts'
import { eventually } from '../support/harness.ts'
import type { Tenant } from '../support/tenant.ts'
import type { Native } from '../../providers/openstack/native.ts'
import { OpenStackApi } from './api.ts'
import { type OpenStack, startOpenStack } from './bed/bed.ts'
import { type Ports, SERVICES } from './bed/config.ts'
import { lackingForOpenStack } from './bed/venv.ts'
import { contentsOf, populate } from './others.ts'
import { startOpenStackStack } from './stack.ts'

/** Minutes on a real cloud: with `npm test -- --full`, or where the share of points is told. */
const isAsked = process.env['SECA_E2E_POINTS'] !== undefined
const lacking = await lackingForOpenStack()

let cloud: OpenStack | undefined
let stack: Awaited<ReturnType<typeof startOpenStackStack>> | undefined
let fire: Fire | undefined
afterEach(async () => {
  await fire?.close()
  await stack?.stop()
  await cloud?.stop()
})

describe.skipIf(lacking !== undefined || !isAsked)('on OpenStack', () => {
  it(
    `a tenant comes, changes and goes, whatever is killed, stopped or cut off at any request (seed ${SEED})`,
    { timeout: 5_400_000 },
    async () => {
      const strikes = new Strikes()
      const made: string[] = []
      const onAnswer = (crossing: Crossing, status: number) => {
        const tag = tagIn(crossing)
        if (tag !== undefined && status < 300) made.push(`${tag} ${crossing.path}`)
      }
      stack = await startOpenStackStack({ isIdle: true })
      fire = new Fire({ stack, cloud: SERVICES.map(() => undefined), nameOf, onAnswer, flags: FLAGS, isWanted: strikes.isWanted })
      await fire.open()
      const announced = Object.fromEntries(SERVICES.map((service, index) => [service, fire!.gates[index]!.port])) as Ports
      cloud = await startOpenStack({ progress: createProgress(process.stdout), announced })
      for (const [index, service] of SERVICES.entries()) fire.gates[index]!.lead(`http://127.0.0.1:${cloud.ports[service]}`)
      const api = new OpenStackApi(cloud.demo)
      await populate(api)
      await eventually(async () => expect((await api.list('volume', '/volumes/detail'))[0]?.['status']).toBe('available'))
      const before = await contentsOf(api)
      await stack.provide({ region: cloud.region, user: cloud.demo })
      await fire.start()
      await livesUnderFire({ stack: stack as never, fire, strikes, witness: witnessOf(api, before, made), title: 'openstack' })
      const after = await contentsOf(api)
      expect([...after.keys()].filter((key) => !before.has(key))).toEqual([])
      for (const [key, object] of before) expect(after.get(key), key).toEqual(object)
    },
  )
})

/** What we ask to be made carries its tag, or (an image) its key. */
function tagIn({ method, body }: Crossing): string | undefined {
  if (method !== 'POST') return undefined
  return /"(?:description|seca\.tag)":"([^" ]+\/[^" ]+)/.exec(body)?.[1] ?? /"image_name":"([^".]+)/.exec(body)?.[1]
}

const UUID = /[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}/g

/** `/v2.1/servers/<id>/action` with `os-stop` → `servers/:id/action os-stop`, `/v2.0/ports?description=…` → `ports?description`. */
const nameOf: NameOf = ({ path, body }) => {
  const [place = '', query = ''] = path.split('?', 2)
  const action = place.endsWith('/action') ? (/^\{"([^"]+)"/.exec(body)?.[1] ?? '') : ''
  const by = /(?:^|&)(description|metadata|tags|name|network_id|device_id|fixed_ips|marker)=/.exec(query)?.[1]
  const name = `${place.replace(/^\/v[\d.]+/, '').replaceAll(UUID, ':id')}${by === undefined ? '' : `?${by}`} ${action}`.trim()
  return {
    name,
    exact: `${place} ${by === undefined ? '' : query} ${action} ${/"(?:description|seca\.tag)":"([^"]*)"/.exec(body)?.[1] ?? ''}`,
  }
}

/** Ports that routers and DHCP have by themselves. */
const isOwn = (object: Native) => String(object['device_owner'] ?? '').startsWith('network:')

function witnessOf(api: OpenStackApi, before: ReadonlyMap<string, Native>, creations: readonly string[]): Witness {
  const ours = async () => [...(await contentsOf(api))].filter(([key, object]) => !before.has(key) && !isOwn(object))
  const expectOnce = (tenant: Tenant) => {
    const own = creations.filter((one) => one.includes(`/tenants/${tenant.name}/`) || one.startsWith('seca-'))
    expect(own.filter((one, index) => own.indexOf(one) !== index)).toEqual([])
  }
  const fields = {
    'BlockStorage/data': { sizeGB: 120 },
    'Instance/web': { powerState: 'off' },
    'SecurityGroup/web': { rules: [{ direction: 'ingress', version: 'IPv4', protocol: 'tcp', ports: { list: [443] } }] },
  }
  return {
    idsOf: async () => (await ours()).map(([key]) => key).toSorted(),
    async expectWhole(tenant) {
      expectOnce(tenant)
      // A volume each for golden, boot and data; a network with both halves of its subnet, router, port, address, group; an image and a server.
      const kinds = Map.groupBy(await ours(), ([key]) => key.split(' ')[0]!.replace(/\?.*/, ''))
      expect(Object.fromEntries([...kinds].map(([path, list]) => [path, list.length]))).toEqual({
        '/networks': 1,
        '/subnets': 2,
        '/routers': 1,
        '/ports': 1,
        '/floatingips': 1,
        '/security-groups': 1,
        '/volumes/detail': 3,
        '/servers/detail': 1,
        '/images': 1,
      })
    },
    changeOf: (manifest) => changed(manifest, fields),
    async expectChanged() {
      const all = (await ours()).map(([, object]) => object)
      expect(all.find((one) => one['name'] === 'data' && one['size'] !== undefined)).toMatchObject({ size: 120, metadata: { turn: 'two' } })
      expect(all.find((one) => one['name'] === 'web' && one['flavor'] !== undefined)).toMatchObject({
        status: 'SHUTOFF',
        metadata: expect.objectContaining({ turn: 'two' }),
      })
      const group = all.find((one) => one['name'] === 'web' && one['security_group_rules'] !== undefined)
      const rules = group?.['security_group_rules'] as readonly Native[]
      expect(rules.filter(({ direction }) => direction === 'ingress')).toMatchObject([{ port_range_min: 443 }])
    },
    expectGone: async (tenant) => expectOnce(tenant),
  }
}
