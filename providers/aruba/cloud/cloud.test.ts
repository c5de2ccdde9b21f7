import { describe, expect, test } from 'vitest'
import { rigOf } from '../../stand-in/testing.ts'
import { openDesk } from './server.ts'
import { type Switches, switchesOf } from './switches.ts'
import { TOKEN_PATH, Tokens } from './tokens.ts'

/** What the facts say of the cloud, each habit with its switch. */

type Body = Readonly<Record<string, unknown>> & { readonly metadata: { readonly id: string; readonly uri: string } }
const WHERE = { location: { value: 'ITBG-Bergamo' } }
const NETWORK = 'providers/Aruba.Network'
const STORAGE = 'providers/Aruba.Storage'
const SERVERS = 'providers/Aruba.Compute/cloudServers'

/** A cloud on a clock that stands still, with a project in it. */
async function rig(switches: Partial<Switches> = {}) {
  const tokens = new Tokens('s3cret', () => 'me')
  const all = { ...switchesOf(['neat']), ...switches }
  const { ask, clock, admin, desk } = rigOf((time) => openDesk({ latencyMs: 100, switches: all, ...time }, tokens))
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await ask(method, path, body)
    return { status: answer.status, body: answer.body as unknown as Body }
  }
  const project = `projects/${(await call('POST', 'projects', { metadata: { name: 'shop' } })).body.metadata.id}`
  const make = async (where: string, properties: object, metadata: object = {}) => {
    const query = where === SERVERS ? '?api-version=1.1' : ''
    const answer = await call('POST', `${project}/${where}${query}`, { metadata: { name: 'thing', ...WHERE, ...metadata }, properties })
    if (answer.status !== 201) throw new Error(JSON.stringify(answer))
    return { ...(answer.body as Body & Record<string, unknown>), path: `${project}/${where}/${answer.body.metadata.id}` }
  }
  const wait = (ms = 100) => void (clock.now += ms)
  const stateOf = async (path: string) => ((await call('GET', path)).body['status'] as { state: string } | undefined)?.state
  /** All that a server is made of, ready but for the volume. */
  async function parts(zone = 'ITBG-1') {
    const vpc = await make(`${NETWORK}/vpcs`, { default: false })
    const volume = await make(`${STORAGE}/blockStorages`, {
      sizeGb: 10,
      billingPeriod: 'Hour',
      type: 'Standard',
      bootable: true,
      image: 'LU24-001',
      dataCenter: zone,
    })
    wait()
    const subnet = await make(`${NETWORK}/vpcs/${vpc.metadata.id}/subnets`, {
      type: 'Advanced',
      network: { address: '10.0.0.0/24' },
      dhcp: { enabled: true, range: { start: '10.0.0.2', count: 9 } },
    })
    const group = await make(`${NETWORK}/vpcs/${vpc.metadata.id}/securityGroups`, { default: false })
    const ref = ({ metadata: { uri } }: Body) => ({ uri })
    const order = {
      dataCenter: 'ITBG-1',
      flavorName: 'CSO1A2',
      vpc: ref(vpc),
      bootVolume: ref(volume),
      subnets: [ref(subnet)],
      securityGroups: [ref(group)],
    }
    return { vpc, volume, subnet, group, order }
  }
  return { call, make, wait, stateOf, parts, project, tokens, desk, admin, clock }
}

const words = ({ body }: { readonly body: unknown }) => JSON.stringify(body)
const VOLUME = { sizeGb: 10, billingPeriod: 'Hour', type: 'Standard' }

describe('tokens', () => {
  const form = { grant_type: 'client_credentials', client_id: 'me', client_secret: 's3cret' }
  test('are given for client credentials, and expire', () => {
    const tokens = new Tokens('s3cret', () => 'me')
    const { status, body } = tokens.issue(form, 0, 300)
    const { access_token: token } = body as { access_token: string }
    expect([status, tokens.isGood(token, 299_000), tokens.isGood(token, 300_000), tokens.isGood(`${token}x`, 0)]).toEqual([
      200,
      true,
      false,
      false,
    ])
    expect([tokens.issue({ ...form, client_secret: 'no' }, 0, 1).status, tokens.issue({}, 0, 1).status]).toEqual([401, 400])
  })

  test('come from a path of their own', async () => {
    const { call } = await rig()
    expect((await call('POST', TOKEN_PATH.join('/'), form)).body).toMatchObject({ token_type: 'Bearer', expires_in: 300 })
  })
})

describe('an object', () => {
  test('is InCreation, then settled, and takes nothing meanwhile', async () => {
    const { make, call, wait, stateOf } = await rig()
    const volume = await make(`${STORAGE}/blockStorages`, VOLUME)
    const change = { metadata: { name: 'thing', ...WHERE }, properties: { ...VOLUME, sizeGb: 20 } }
    expect([await stateOf(volume.path), words(await call('PUT', volume.path, change)), (await call('DELETE', volume.path)).status]).toEqual(
      ['InCreation', expect.stringContaining('Invalid status'), 400],
    )
    wait()
    expect(await stateOf(volume.path)).toBe('NotUsed')
    expect((await call('PUT', volume.path, change)).status).toBe(202)
    expect(await stateOf(volume.path)).toBe('Updating')
  })

  test.each([
    ['an empty location', { location: { value: '' } }, 'Size'],
    ['a short name', { name: 'abc' }, 'Name'],
    ['a long tag', { tags: ['x'.repeat(31)] }, 'Tags'],
    ['a tag with a slash', { tags: ['a/b/c'] }, 'Tags'],
  ])('with %s is refused', async (_what, metadata, field) => {
    const { make } = await rig()
    await expect(make(`${NETWORK}/vpcs`, {}, metadata)).rejects.toThrow(`"${field}"`)
  })

  test.each([
    ['message', '"errors":[{"field":"Name"'],
    ['errorMessage', '"errors":[{"fieldName":"Name"'],
    ['propertyName', '"errors":[{"propertyName":"Name"'],
    ['map', '"errors":{"Name":['],
  ] as const)('is refused in the form %s', async (errorShape, text) => {
    const { make } = await rig({ errorShape })
    await expect(make(`${NETWORK}/vpcs`, {}, { name: 'a' })).rejects.toThrow(text)
  })

  test.each([400, 404, 405] as const)(
    'that is going answers another deletion with %d, and is shown as Deleted afterwards',
    async (secondDelete) => {
      const { make, call, wait, stateOf } = await rig({ secondDelete, showsDeleted: true })
      const vpc = await make(`${NETWORK}/vpcs`, { default: false })
      wait()
      expect((await call('DELETE', vpc.path)).status).toBe(202)
      expect([await stateOf(vpc.path), (await call('DELETE', vpc.path)).status]).toEqual(['Deleting', secondDelete])
      wait()
      expect([await stateOf(vpc.path), (await call('DELETE', vpc.path)).status]).toEqual(['Deleted', secondDelete])
    },
  )

  test('that failed may stay when it is deleted first', async () => {
    const { make, call, wait, stateOf, admin } = await rig({ keepsFailed: true })
    admin('POST', 'faults', { method: 'POST', type: 'vpcs', effect: 'fail-operation', message: 'no room' })
    const vpc = await make(`${NETWORK}/vpcs`, { default: false })
    wait()
    expect(await stateOf(vpc.path)).toBe('Failed')
    await call('DELETE', vpc.path)
    expect(await stateOf(vpc.path)).toBe('Failed')
    await call('DELETE', vpc.path)
    expect(await stateOf(vpc.path)).toBe('Deleting')
  })

  test('is in lists later than it is there, and written in another case', async () => {
    const { make, call, wait, project } = await rig({ listLagMs: 50 })
    const { metadata, path } = await make(`${NETWORK}/elasticIps`, { billingPlan: { billingPeriod: 'Hour' } })
    expect(metadata.uri).toContain('/elasticIPs/')
    const listed = async () => (await call('GET', `${project}/${NETWORK}/elasticIps`)).body['total']
    expect([(await call('GET', path)).status, await listed()]).toEqual([200, 0])
    wait(50)
    expect(await listed()).toBe(1)
    expect((await call('GET', path.replace('elasticIps', 'elasticIPs'))).status).toBe(404)
  })
})

describe('a VPC', () => {
  test('is a default one where nobody says otherwise, and stays for ever then', async () => {
    const { make, call, wait } = await rig()
    const vpc = await make(`${NETWORK}/vpcs`, {})
    wait()
    expect((vpc as Record<string, unknown>)['properties']).toMatchObject({ default: true })
    expect(words(await call('DELETE', vpc.path))).toContain('default')
  })

  test('keeps its project, and its groups keep it', async () => {
    const { make, call, wait, project } = await rig({ rulesHold: true })
    const vpc = await make(`${NETWORK}/vpcs`, { default: false })
    wait()
    const group = await make(`${NETWORK}/vpcs/${vpc.metadata.id}/securityGroups`, {})
    wait()
    const rules = `${NETWORK}/vpcs/${vpc.metadata.id}/securityGroups/${group.metadata.id}/securityRules`
    const rule = await make(rules, { direction: 'Ingress', protocol: 'tcp', port: '22', target: { kind: 'Ip', value: '0.0.0.0/0' } })
    wait()
    for (const path of [project, vpc.path, group.path]) expect((await call('DELETE', path)).status).toBe(400)
    expect(words(await call('PUT', rule.path, { metadata: { name: 'thing', ...WHERE } }))).toContain('Location Invalid')
    for (const path of [rule.path, group.path, vpc.path]) {
      expect((await call('DELETE', path)).status).toBe(202)
      wait()
    }
    expect((await call('DELETE', project)).status).toBe(204)
  })
})

describe('a volume', () => {
  const size = (more: object) => ({ metadata: { name: 'thing', ...WHERE }, properties: { sizeGb: 20, billingPeriod: 'Hour', ...more } })

  test('stops to be bootable when a change does not say so', async () => {
    const { parts, call, wait } = await rig({ flipsBootable: true, lowerBilling: true })
    const { volume } = await parts()
    await call('PUT', volume.path, size({ bootable: true }))
    wait()
    expect((await call('GET', volume.path)).body['properties']).toMatchObject({ bootable: true, sizeGb: 20, billingPeriod: 'hour' })
    await call('PUT', volume.path, size({}))
    wait()
    expect((await call('GET', volume.path)).body['properties']).toMatchObject({ bootable: false })
    for (const wrong of [{ sizeGb: 1 }, { type: 'Performance' }]) expect((await call('PUT', volume.path, size(wrong))).status).toBe(400)
  })

  test('goes slowly, and not before its snapshots, which could not go any more', async () => {
    const { make, call, wait, stateOf, project } = await rig({ volumeDeletionMs: 5_000, orphansSnapshots: true })
    const volume = await make(`${STORAGE}/blockStorages`, VOLUME)
    wait()
    const snapshot = await make(`${STORAGE}/snapshots`, { billingPeriod: 'Hour', volume: { uri: volume.metadata.uri } })
    wait()
    await call('DELETE', volume.path)
    wait(4_999)
    expect(await stateOf(volume.path)).toBe('Deleting')
    wait(1)
    expect([(await call('GET', volume.path)).status, (await call('DELETE', snapshot.path)).status]).toEqual([404, 400])
    expect((await call('DELETE', project)).status).toBe(400)
  })

  test('is 404 to another service at first', async () => {
    const { make, wait } = await rig({ serviceLagMs: 500 })
    const volume = await make(`${STORAGE}/blockStorages`, VOLUME)
    const order = [`${STORAGE}/snapshots`, { billingPeriod: 'Hour', volume: { uri: volume.metadata.uri } }] as const
    await expect(make(...order)).rejects.toThrow('"status":404')
    wait(500)
    expect((await make(...order)).metadata.id).toHaveLength(24)
  })
})

describe('a server', () => {
  test('fails for good where something is not settled', async () => {
    const { make, parts, wait, stateOf } = await rig()
    const { order } = await parts()
    const server = await make(SERVERS, order)
    wait()
    expect(await stateOf(server.path)).toBe('Failed')
  })

  test('boots, uses its volume, is shown as nobody sent it, and takes the volume with it unless told not to', async () => {
    const { make, parts, call, wait, stateOf } = await rig()
    const { order, volume, subnet } = await parts()
    wait()
    const server = await make(SERVERS, order)
    wait()
    expect([await stateOf(server.path), await stateOf(volume.path), (await call('DELETE', volume.path)).status]).toEqual([
      'Running',
      'Used',
      400,
    ])
    const { properties } = (await call('GET', server.path)).body as unknown as { properties: Record<string, unknown> }
    expect(properties).toMatchObject({
      networkInterfaces: [{ subnet: subnet.metadata.uri, ips: ['10.0.0.2'] }],
      flavor: { cpu: 1, ram: 2 },
    })
    expect(properties).not.toHaveProperty('subnets')
    expect(words(await call('PUT', server.path, { metadata: { name: 'thing', ...WHERE } }))).toContain('BootVolume in use')
    await expect(make(SERVERS, order)).rejects.toThrow('in use')
    await call('DELETE', server.path)
    wait()
    expect((await call('GET', volume.path)).status).toBe(404)
  })

  test.each([
    ['an empty reference', { keyPair: { uri: '' } }, '"status":400'],
    ['an empty elastic IP', { elasticIp: { uri: '' } }, '"status":500'],
    ['another data center', { dataCenter: 'ITBG-2' }, 'another data center'],
    ['an unknown flavor', { flavorName: 'c2.medium' }, 'FlavorName'],
    ['no group', { securityGroups: [] }, 'SecurityGroups'],
  ])('with %s is refused', async (_what, more, text) => {
    const { make, parts, wait } = await rig()
    const { order } = await parts()
    wait()
    await expect(make(SERVERS, { ...order, ...more })).rejects.toThrow(text)
  })

  test('goes off and on, and volumes and elastic IPs come and go', async () => {
    const { make, parts, call, wait, stateOf } = await rig()
    const { order } = await parts()
    const data = await make(`${STORAGE}/blockStorages`, VOLUME)
    const ip = await make(`${NETWORK}/elasticIps`, { billingPlan: { billingPeriod: 'Hour' } })
    wait()
    const server = await make(SERVERS, order)
    wait()
    const act = async (verb: string, body?: object) => {
      const { status } = await call('POST', `${server.path}/${verb}`, body)
      wait()
      return status
    }
    expect([await act('poweroff'), await stateOf(server.path), await act('poweroff'), await act('poweron')]).toEqual([
      202,
      'Stopped',
      400,
      202,
    ])
    const ref = [{ uri: data.metadata.uri }]
    expect([await act('attachDetachDataVolumes', { volumesToAttach: ref, volumesToDetach: [] }), await stateOf(data.path)]).toEqual([
      202,
      'Used',
    ])
    expect([await act('attachDetachDataVolumes', { volumesToAttach: [], volumesToDetach: ref }), await stateOf(data.path)]).toEqual([
      202,
      'NotUsed',
    ])
    const ips = { elasticIPsToAssociate: [{ uri: ip.metadata.uri }], elasticIPsToDisassociate: [] }
    expect([await act('associateDisassociateElasticIPs', ips), await stateOf(ip.path), (await call('DELETE', ip.path)).status]).toEqual([
      202,
      'Used',
      400,
    ])
  })

  test('is made in version 1.1 only', async () => {
    const { parts, call, wait, project } = await rig()
    const { order } = await parts()
    wait()
    expect((await call('POST', `${project}/${SERVERS}`, { metadata: { name: 'thing', ...WHERE }, properties: order })).status).toBe(400)
  })
})
