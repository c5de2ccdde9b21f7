import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { open } from '../../src/provider/testkit/stage.ts'
import { type Sample, World } from '../../src/provider/testkit/world.ts'
import type { StandIn } from '../stand-in/server.ts'
import { adminOf, type ArubaAdmin, startArubaCloud } from './cloud/server.ts'
import { type Switches, switchesOf } from './cloud/switches.ts'
import { TOKEN_PATH } from './cloud/tokens.ts'
import { aruba } from './index.ts'
import { CATALOGUE, SAMPLES } from './samples.ts'

/** What the test kit does not ask of every cloud, on the stand-in. */

const to = (resource: string) => ({ resource })
const sample = (key: string): Sample => {
  const found = SAMPLES.find(({ kind, name }) => `${kind}/${name}` === key)
  if (found === undefined) throw new Error(key)
  return found
}

let cloud: StandIn
let admin: ArubaAdmin
let world: World

async function begin(samples: readonly Sample[] = SAMPLES, switches: Partial<Switches> = {}): Promise<void> {
  const setting = { port: 0, latencyMs: 5, token: 'client-secret', adminToken: 'admin' }
  cloud = await startArubaCloud({ ...setting, switches: { ...switchesOf(['awkward']), ...switches } })
  admin = adminOf(cloud.url, 'admin')
  const harness = {
    provider: aruba,
    settings: { endpoint: cloud.url, tokenUrl: `${cloud.url}/${TOKEN_PATH.join('/')}`, settleMs: 0 },
    region: 'ITBG-Bergamo',
    zone: 'ITBG-2',
    catalogue: CATALOGUE,
    samples,
    pollMs: 5,
    patienceMs: 10_000,
  }
  const connection = open(
    { ...harness, credentials: {}, wrongCredentials: {}, trouble: {}, manyObjects: 1 },
    {
      clientId: 'client',
      clientSecret: 'client-secret',
    },
  )
  world = new World({ ...harness, connection })
}

const idOf = (uri = '') => uri.split('/').at(-1) ?? ''
const fieldsOf = async (uri?: string) => ((await admin.object(idOf(uri))) as unknown as { fields: Record<string, unknown> }).fields
const ofType = async (type: string) => (await admin.inventory()).items.filter((one) => one.type === type)

afterEach(async () => {
  await world.connection.close()
  await cloud.stop()
})

describe('an instance', () => {
  beforeEach(async () => {
    await begin()
    await world.build()
  })

  test('has one key as a key pair, which goes after it, and several as user data', async () => {
    const entry = await world.fresh(sample('Instance/server'))
    entry.spec = { ...entry.spec, sshKeys: ['ssh-ed25519 AAAA ann'] }
    await world.converge(entry)
    const [pair] = await ofType('keyPairs')
    expect(await fieldsOf(pair?.id)).toMatchObject({ value: 'ssh-ed25519 AAAA ann' })
    expect(await fieldsOf(entry.externalId)).toMatchObject({ keyPair: pair?.id, dataCenter: 'ITBG-2', power: 'off' })
    expect(await world.copies(entry)).toEqual([entry.externalId])
    const leaving = () => ({ ...world.desired(entry), isLeaving: true })
    for (let seen = await world.adapter(entry).observe(leaving(), world.context()); seen !== undefined;) {
      await world
        .adapter(entry)
        .delete(leaving(), seen, world.context())
        .catch(() => undefined)
      seen = await world.adapter(entry).observe(leaving(), world.context())
    }
    expect(await ofType('keyPairs')).toEqual([])
    // Its volumes are objects of their own.
    expect((await world.observe(world.own(entry, 'BlockStorage/boot')))?.externalId).toBeDefined()
  })

  test('whose key pair is left behind shows it to an audit as its own', async () => {
    const entry = await world.fresh(sample('Instance/server'))
    entry.spec = { ...entry.spec, sshKeys: ['ssh-ed25519 AAAA ann'] }
    await world.converge(entry)
    await admin.remove(idOf(entry.externalId))
    const [left] = await world.copies(entry)
    expect(left).toContain('/keyPairs/')
    entry.externalId = left
    await world.deleteListed(entry)
    await expect.poll(() => ofType('keyPairs')).toEqual([])
  })

  test('is refused with words where the cloud has no such thing, before anything is made', async () => {
    const entry = await world.fresh(sample('Instance/server'))
    const before = (await admin.inventory()).items.length
    for (const [more, words] of [
      [{ antiAffinityGroup: 'apart' }, 'anti-affinity'],
      [{ additionalNicRefs: [to('Nic/stranger')] }, 'one NIC in a subnet'],
      [{ securityGroupRef: undefined }, 'needs a security group'],
    ] as const) {
      const desired = world.desired({ ...entry, spec: { ...entry.spec, ...more } })
      const refusal = { failure: 'unsupported', message: expect.stringContaining(words) }
      await expect(world.adapter(entry).create(desired, world.context())).rejects.toMatchObject(refusal)
    }
    expect((await admin.inventory()).items.length).toBe(before)
  })

  test('is made of what is settled, and of nothing else', async () => {
    const entry = await world.fresh(sample('Instance/server'))
    const subnet = await world.fresh(sample('Subnet/subnet'))
    const nic = world.own(entry, 'Nic/nic')
    Object.assign(nic.aliases, { 'Subnet/subnet': `Subnet/${subnet.path.name}` })
    await admin.latency(3_600_000)
    await world.create(subnet)
    await expect(world.adapter(entry).create(world.desired(entry), world.context())).rejects.toMatchObject({
      failure: 'waiting',
      message: expect.stringContaining('InCreation'),
    })
    await admin.latency(5)
    await admin.finish()
    expect((await world.converge(entry)).failed).toBeUndefined()
  })

  test('of somebody else cannot be taken over: its tags never change', async () => {
    const entry = await world.fresh(sample('Instance/server'))
    await world.converge(entry)
    await admin.change(idOf(entry.externalId), { tags: [] })
    entry.mayAdopt = true
    const seen = await world.observe(entry)
    expect(seen?.drift).toContain('tag')
    await expect(world.update(entry, seen as never)).rejects.toMatchObject({ failure: 'unsupported' })
  })

  test('tells its NIC which addresses it got', async () => {
    const entry = await world.fresh(sample('Instance/server'))
    await world.converge(entry)
    const seen = await world.observe(world.own(entry, 'Nic/nic'))
    expect(seen).toMatchObject({ part: 'is a part of its instance', status: { macAddress: expect.stringMatching(/^02:/) } })
    expect(seen?.status).toMatchObject({ addresses: [expect.stringMatching(/^10\.0\.\d+\.\d+$/)] })
  })
})

describe('a volume', () => {
  test('stays until the images that are made of it are gone, since they could never go after it', async () => {
    await begin([sample('Workspace/w'), sample('BlockStorage/data'), sample('Image/golden')])
    await world.build()
    const [volume, image] = [await world.fresh(sample('BlockStorage/data')), await world.fresh(sample('Image/golden'))]
    await world.converge(volume)
    image.spec = { ...image.spec, blockStorageRef: to(`BlockStorage/${volume.path.name}`) }
    await world.converge(image)
    const leaving = { ...world.desired(volume), isLeaving: true }
    const seen = await world.adapter(volume).observe(leaving, world.context())
    expect(seen?.heldBy).toContain('an image of it that has to be deleted first')
    await expect(world.adapter(volume).delete(leaving, seen as never, world.context())).rejects.toMatchObject({
      failure: 'waiting',
    })
    await world.destroy(image)
    await world.destroy(volume)
    expect(await world.copies(volume)).toEqual([])
  })

  test('that is filled from a template is made in the zone of who uses it first', async () => {
    const boot = { ...sample('BlockStorage/boot'), usedBy: 'Instance/server' }
    await begin(SAMPLES.map((one) => (one === sample('BlockStorage/boot') ? boot : one)))
    const image = world.add(sample('Image/golden'), 'golden', {})
    image.externalId = 'LU24-001'
    expect(await world.observe(image)).toEqual({ externalId: 'LU24-001', status: {}, drift: [] })
    const leaving = await world.adapter(image).observe({ ...world.desired(image), isLeaving: true }, world.context())
    expect(leaving?.part).toBe('is a template of the cloud')
    await world.converge(world.add(sample('Workspace/w'), 'w', {}))
    const volume = world.add(boot, 'boot', {})
    expect(await world.observe(volume)).toMatchObject({ part: 'is made in the zone of the instance that uses it first' })
    const server = world.add(sample('Instance/server'), 'server', {})
    server.spec = { ...server.spec, zone: 'ITBG-3' }
    await world.converge(volume)
    expect(await fieldsOf(volume.externalId)).toMatchObject({ image: 'LU24-001', bootable: true, dataCenter: 'ITBG-3' })
    // A change of size keeps it bootable.
    volume.spec = { ...volume.spec, sizeGB: 30 }
    await world.converge(volume)
    expect(await fieldsOf(volume.externalId)).toMatchObject({ sizeGb: 30, bootable: true })
  })
})

describe('a group', () => {
  const second: readonly Sample[] = [
    { ...sample('Network/net'), name: 'far' },
    { ...sample('Subnet/subnet'), name: 'far', parent: 'Network/far' },
    { kind: 'Nic', name: 'far', spec: { subnetRef: to('Subnet/far'), securityGroupRefs: [to('SecurityGroup/group')] } },
  ]

  test('has a copy in each VPC where it is used, and none where it is not any more', async () => {
    await begin([...SAMPLES, ...second])
    await world.build()
    const group = world.add(sample('SecurityGroup/group'), 'group', {})
    const seen = await world.converge(group)
    expect(seen.handle).toEqual({ copies: [expect.any(String), expect.any(String)] })
    expect(await world.copies(group)).toHaveLength(1)
    const copies = (await ofType('securityGroups')).filter(({ name }) => name === 'group')
    expect(copies).toHaveLength(2)
    const rules = await Promise.all((await ofType('securityRules')).map(({ id }) => fieldsOf(id)))
    // Itself as a source is the copy of the same VPC.
    const own = rules.filter(({ target }) => (target as { kind: string }).kind === 'SecurityGroup')
    expect(own.every(({ group: id, target }) => (target as { value: string }).value.endsWith(String(id)))).toBe(true)
    await world.destroy(world.add(second[2] as Sample, 'far', {}))
    await world.converge(group)
    expect((await ofType('securityGroups')).filter(({ name }) => name === 'group')).toHaveLength(1)
  })
})
