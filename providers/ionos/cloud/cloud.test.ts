import { describe, expect, it } from 'vitest'
import { ionosDocument, witness } from './document-testing.ts'
import { rig } from './testing.ts'

const DOCUMENT = ionosDocument()
const seen = DOCUMENT && witness(DOCUMENT)
const LINUX = 'a0000000-0000-4000-8000-000000000001'

/** A stand-in whose answers are compared with the document. */
const cloud = (switches: Parameters<typeof rig>[0] = {}) => rig(switches, 100, seen?.onReply)

async function withCenter(switches: Parameters<typeof rig>[0] = {}) {
  const it = cloud(switches)
  const { id } = await it.make('datacenters', { properties: { name: 'dc', location: 'de/txl' } })
  it.clock.now += 1_000
  const dc = `datacenters/${id}`
  return {
    ...it,
    dc,
    made: async (path: string, properties: object, more: object = {}) => {
      const made = await it.make(`${dc}/${path}`, { properties, ...more })
      it.clock.now += 1_000
      return made
    },
  }
}

const empty = { name: 'v', size: 10, licenceType: 'OTHER' }
const machine = { name: 's', cores: 2, ram: 2048 }
const propertiesOf = (body: object) => (body as { properties: Record<string, unknown> }).properties

describe('the stand-in of IONOS Cloud', () => {
  it('accepts changes, and does them one after the other in a data center', async () => {
    const { dc, ask, get, clock } = await withCenter()
    const answers = [
      await ask('POST', `${dc}/volumes`, { properties: empty }),
      await ask('POST', `${dc}/lans`, { properties: { name: 'l' } }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([202, 202])
    const requests = answers.map(({ headers }) => /v6\/(requests\/.*)$/.exec(headers?.['location'] ?? '')?.[1] ?? '')
    const states = async () => Promise.all(requests.map(async (one) => (await get(one))['metadata']))
    expect(await states()).toMatchObject([{ status: 'RUNNING' }, { status: 'QUEUED' }])
    expect(await get(`${dc}/lans/1`)).toMatchObject({ metadata: { state: 'BUSY' } })
    clock.now += 100
    expect(await states()).toMatchObject([{ status: 'DONE' }, { status: 'RUNNING' }])
    clock.now += 100
    expect(await get(`${dc}/lans/1`)).toMatchObject({ metadata: { state: 'AVAILABLE' } })
  })

  it('hides requests and objects for a while', async () => {
    const { dc, ask, clock } = await withCenter({ requestAbsentMs: 50, absentMs: 200 })
    const { body, headers } = await ask('POST', `${dc}/volumes`, { properties: empty })
    const request = /v6\/(requests\/.*)$/.exec(headers?.['location'] ?? '')?.[1] ?? ''
    const statuses = async () => [(await ask('GET', request)).status, (await ask('GET', `${dc}/volumes/${body.id}`)).status]
    expect(await statuses()).toEqual([404, 404])
    clock.now += 100
    expect(await statuses()).toEqual([200, 404])
    clock.now += 200
    expect(await statuses()).toEqual([200, 200])
  })

  it('leaves nothing of what failed, and says why in the request', async () => {
    const { dc, ask, admin, get, clock } = await withCenter()
    admin('POST', 'faults', { effect: 'fail-operation', message: '[VDC-5-601] no capacity' })
    const { body, headers } = await ask('POST', `${dc}/servers`, { properties: machine })
    clock.now += 1_000
    expect((await ask('GET', `${dc}/servers/${body.id}`)).status).toBe(404)
    expect(await get(/v6\/(requests\/.*)$/.exec(headers?.['location'] ?? '')?.[1] ?? '')).toMatchObject({
      metadata: { status: 'FAILED', message: '[VDC-5-601] no capacity' },
    })
  })

  it('lists ids alone unless depth says more, and finds parts of names in any case', async () => {
    const { dc, get, made } = await withCenter()
    await made('volumes', { ...empty, name: 'Alpha-1' })
    expect((await get(`${dc}/volumes`)).items[0]).not.toHaveProperty('properties')
    const names = async (query: string) => (await get(`${dc}/volumes?depth=1&${query}`)).items.map((one) => propertiesOf(one)['name'])
    expect(await names('filter.name=LPHA')).toEqual(['Alpha-1'])
    expect(await names('filter.colour=red')).toEqual([])
  })

  it('makes a server with its volume and NICs, starts it, and makes a LAN that nobody asked for', async () => {
    const { get, made, dc, ask, clock } = await withCenter()
    const volume = { properties: { name: 'b', size: 10, image: LINUX, sshKeys: ['ssh-ed25519 A'], userData: 'I2Nsb3Vk' } }
    const entities = { volumes: { items: [volume] }, nics: { items: [{ properties: { name: 'n', lan: 7, ips: ['10.1.2.3'] } }] } }
    const { id } = await made('servers', machine, { entities })
    const server = await get(`${dc}/servers/${id}?depth=3`)
    expect(server).toMatchObject({
      properties: { vmState: 'RUNNING', bootVolume: { type: 'volume' } },
      entities: {
        volumes: { items: [{ properties: { sshKeys: null, userData: null } }] },
        nics: { items: [{ properties: { lan: 7, ips: ['10.1.2.3'] } }] },
      },
    })
    expect(propertiesOf(await get(`${dc}/lans/7`))).toMatchObject({ public: false })
    expect(await ask('DELETE', `${dc}/lans/7`)).toMatchObject({
      status: 422,
      body: { messages: [{ message: '[nics] Cannot delete lan which contains nics' }] },
    })
    expect((await ask('POST', `${dc}/servers/${id}/start`)).status).toBe(422)
    await ask('POST', `${dc}/servers/${id}/stop`)
    clock.now += 1_000
    expect(await get(`${dc}/servers/${id}`)).toMatchObject({ metadata: { state: 'INACTIVE' }, properties: { vmState: 'SHUTOFF' } })
    await ask('DELETE', `${dc}/servers/${id}`)
    clock.now += 1_000
    expect((await get(`${dc}/volumes?depth=1`)).items).toHaveLength(1)
    expect((await get(`${dc}/lans/7/nics`)).items).toEqual([])
  })

  it.each([
    ['volumes', { properties: { name: 'v', size: 1 } }, '100'],
    ['volumes', { properties: { ...empty, imagePassword: 'abcdefgh1' } }, '100'],
    ['volumes', { properties: { name: 'v', size: 1, image: LINUX } }, '100'],
    ['volumes', { properties: { ...empty, deviceNumber: 1 } }, '105'],
    ['servers', { properties: { ...machine, bootVolume: { id: 'x', properties: {} } } }, '107'],
    ['servers', { properties: { ...machine, ram: 1000 } }, '100'],
  ])('refuses %s of %j', async (path, body, code) => {
    const { ask, dc } = await withCenter()
    expect(await ask('POST', `${dc}/${path}`, body)).toMatchObject({
      status: 422,
      body: { httpStatus: 422, messages: [{ errorCode: code }] },
    })
  })

  it('keeps labels as second calls, and addresses until their block goes', async () => {
    const { ask, get, made, dc, make, clock } = await withCenter()
    const { id } = await made('volumes', empty)
    expect(await ask('POST', `${dc}/volumes/${id}/labels`, { properties: { key: 'k', value: 'v' } })).toMatchObject({
      status: 201,
      body: { properties: { key: 'k' } },
    })
    expect((await get('labels?depth=1')).items).toMatchObject([{ properties: { key: 'k', resourceId: id } }])
    const block = await make('ipblocks', { properties: { name: 'ip', location: 'de/txl', size: 1 } })
    const [ip] = propertiesOf(block)['ips'] as string[]
    await made('lans', { name: 'out', public: true })
    const nic = (ips: unknown) => ({ entities: { nics: { items: [{ properties: { lan: 1, ips } }] } } })
    expect((await ask('POST', `${dc}/servers`, { properties: machine, ...nic(['198.51.100.9']) })).status).toBe(422)
    const server = await made('servers', machine, nic([ip]))
    expect(propertiesOf(await get(`ipblocks/${block.id}`))['ipConsumers']).toMatchObject([{ ip, serverId: server.id }])
    await ask('DELETE', dc)
    clock.now += 1_000
    expect([(await ask('GET', `${dc}/volumes/${id}`)).status, (await get('labels')).items]).toEqual([404, []])
  })

  it('has groups with rules, and refuses what others manage', async () => {
    const { ask, get, made, dc, admin, clock } = await withCenter()
    const rules = { items: [{ properties: { name: 'r', protocol: 'TCP', type: 'INGRESS', portRangeStart: 22, portRangeEnd: 22 } }] }
    const group = await made('securitygroups', { name: 'g' }, { entities: { rules } })
    expect((await get(`${dc}/securitygroups/${group.id}/rules?depth=1`)).items).toMatchObject([{ properties: { protocol: 'TCP' } }])
    const server = await made('servers', machine)
    expect((await ask('PUT', `${dc}/servers/${server.id}/securitygroups`, { items: [{ id: group.id }] })).status).toBe(202)
    clock.now += 1_000
    expect((await get(`${dc}/servers/${server.id}/securitygroups`)).items).toMatchObject([{ id: group.id }])
    admin('PATCH', `objects/${server.id}`, { _managed: true })
    expect(await ask('DELETE', `${dc}/servers/${server.id}`)).toMatchObject({ status: 403, body: { messages: [{ errorCode: '452' }] } })
    admin('PATCH', `objects/${server.id}`, { _managed: false, _protected: true })
    expect(await ask('DELETE', `${dc}/servers/${server.id}`)).toMatchObject({ status: 403 })
  })

  it('counts what the contract allows, at once or late', async () => {
    const early = await withCenter()
    early.admin('PUT', 'quota', { servers: 0 })
    expect((await early.ask('POST', `${early.dc}/servers`, { properties: machine })).status).toBe(422)
    const late = await withCenter({ failsLate: true })
    late.admin('PUT', 'quota', { servers: 0 })
    const { body } = await late.ask('POST', `${late.dc}/servers`, { properties: machine })
    late.clock.now += 1_000
    expect((await late.ask('GET', `${late.dc}/servers/${body.id}`)).status).toBe(404)
  })

  it.skipIf(!DOCUMENT)('is as its own document says', () => {
    expect([...(seen?.complaints ?? [])]).toEqual([])
  })
})
