import { randomInt } from 'node:crypto'
import { parseIp } from '../../../src/ip.ts'
import { type CloudObject, type Effect, type Fields, Refusal } from '../../stand-in/model.ts'
import type { IonosCloud } from './cloud.ts'
import { IMAGES, LOCATIONS } from './offers.ts'
import { CHANGE, CREATE, readProperties } from './properties.ts'

/** Something that was made, or will be changed, in one request. */
export interface Plan {
  readonly targets: readonly CloudObject[]
  readonly done: readonly Effect[]
  readonly failed: readonly Effect[]
  readonly fails?: string | undefined
}

const ENDED = '_builtAt'
const bad = (code: string, message: string) => new Refusal(422, code, message)

interface Body {
  readonly id?: string
  readonly properties?: Fields
  readonly entities?: Readonly<Record<string, { readonly items?: readonly Body[] }>>
}

/** Makes an object of a type with all that its body brings along: it is there at once, BUSY, and complete when the request is. */
export function plan(cloud: IonosCloud, type: string, parent: CloudObject | undefined, body: Body): Plan {
  const made: CloudObject[] = []
  const attached: Effect[] = []
  try {
    const first = make(cloud, type, parent, body, made, attached)
    const fails = cloud.full(type)
    const gone = made.map(({ id }) => ({ id, gone: true }) as const)
    return {
      targets: [first, ...made.filter((one) => one !== first)],
      done: [...made.map(({ id }) => ({ id, stamp: ENDED })), ...attached],
      failed: gone,
      fails,
    }
  } catch (thrown) {
    for (const { id } of made) cloud.store.remove(id, cloud.time)
    throw thrown
  }
}

function make(
  cloud: IonosCloud,
  type: string,
  parent: CloudObject | undefined,
  body: Body,
  made: CloudObject[],
  attached: Effect[],
): CloudObject {
  if (type !== 'nics' && type !== 'rules' && type !== 'volumes') cloud.full(type)
  const sent = readProperties(CREATE[type], body.properties)
  const keep = (fields: Fields, id?: string) => {
    const object = cloud.draft(type, { ...fields, ...(parent ? { _parent: parent.id } : {}) }, id)
    made.push(object)
    return object
  }
  switch (type) {
    case 'datacenters': {
      if (!LOCATIONS.includes(sent['location'] as never))
        throw bad('109', `[(root).properties.location] ${String(sent['location'])} is not valid`)
      return keep({ ...sent, version: 1, features: ['SSD'], secAuthProtection: false })
    }
    case 'lans': {
      const number = nextLan(cloud, parent)
      const ipv4CidrBlock = sent['public'] === true ? null : `10.${7 + number}.222.0/24`
      return keep({ public: false, ...sent, ipv4CidrBlock }, `${parent?.id}/lans/${number}`)
    }
    case 'volumes':
      return keep(volumeOf(cloud, sent))
    case 'nics':
      return keep(nicOf(cloud, parent, sent, made))
    case 'ipblocks':
      return keep({ ...sent, ips: Array.from({ length: Number(sent['size']) }, () => freeAddress(cloud)) })
    case 'securitygroups': {
      const group = keep(sent)
      for (const rule of body.entities?.['rules']?.items ?? []) make(cloud, 'rules', group, rule, made, attached)
      return group
    }
    case 'servers': {
      const { bootVolume, ...own } = sent
      const state = cloud.switches.bootsOff ? 'SHUTOFF' : 'RUNNING'
      const server = keep({ type: 'ENTERPRISE', availabilityZone: 'AUTO', ...own, vmState: 'NOSTATE', _groups: [], _boots: 0 })
      attached.push({ id: server.id, fields: { vmState: state, _boots: 1 } })
      for (const [index, volume] of (body.entities?.['volumes']?.items ?? []).entries()) {
        const disk =
          volume.id === undefined
            ? make(cloud, 'volumes', cloud.store.get(String(parent?.id)), volume, made, attached)
            : volumeNamed(cloud, parent, server.id, volume)
        attached.push({ id: disk.id, fields: { _server: server.id } })
        if (index === 0 && bootVolume === undefined) attached.push({ id: server.id, fields: { _boot: disk.id } })
      }
      if (bootVolume) {
        const disk = volumeNamed(cloud, parent, server.id, bootVolume as Body)
        attached.push({ id: disk.id, fields: { _server: server.id } }, { id: server.id, fields: { _boot: disk.id } })
      }
      for (const nic of body.entities?.['nics']?.items ?? []) make(cloud, 'nics', server, nic, made, attached)
      return server
    }
    default:
      return keep(sent)
  }
}

/** LANs count from 1 in each data center, and a number does not come back. */
function nextLan(cloud: IonosCloud, dc: CloudObject | undefined): number {
  const now = dc && cloud.store.get(dc.id)
  if (now === undefined) return 1
  const there = cloud.store.users(now.id).filter(({ type }) => type === 'lans')
  const number = 1 + Math.max(Number(now.fields['_lastLan'] ?? 0), ...there.map(({ id }) => Number(id.split('/').at(-1))))
  cloud.store.put({ ...now, fields: { ...now.fields, _lastLan: number } }, cloud.time)
  return number
}

/** A volume that is to be attached: from now on it is nobody else's. */
export function volumeNamed(cloud: IonosCloud, dc: CloudObject | undefined, holder: string, { id, ...more }: Body): CloudObject {
  const fat = Object.keys(more)[0]
  if (fat !== undefined && fat !== 'type') throw bad('107', `[(root).${fat}] Attribute is not allowed in a reference`)
  const volume = cloud.store.get(String(id))
  if (volume?.type !== 'volumes' || volume.fields['_parent'] !== dc?.id) throw bad('100', `volume ${String(id)} does not exist`)
  const server = volume.fields['_server'] ?? undefined
  if (server !== undefined && server !== holder) throw bad('100', `volume ${volume.id} is attached to server ${String(server)} already`)
  return cloud.store.put({ ...volume, fields: { ...volume.fields, _server: holder } }, cloud.time)
}

function volumeOf(cloud: IonosCloud, { sshKeys, userData, imagePassword, image, imageAlias, ...sent }: Fields): Fields {
  const pub = IMAGES.find(({ id, alias }) => id === image || alias === imageAlias)
  const snapshot = cloud.store.get(String(image))
  const isEmpty = image === undefined && imageAlias === undefined
  if (!isEmpty && pub === undefined && snapshot?.type !== 'snapshots')
    throw bad('100', `[(root).properties.image] image ${String(image ?? imageAlias)} does not exist`)
  if (isEmpty && sent['licenceType'] === undefined)
    throw bad('100', '[(root).properties.licenceType] is required for a volume without an image')
  if (isEmpty && (imagePassword ?? sshKeys) !== undefined) throw bad('100', '[(root).properties.imagePassword] needs an image')
  if (pub && (imagePassword ?? sshKeys) === undefined)
    throw bad('100', '[(root).properties] imagePassword or sshKeys must be given for public images')
  if (snapshot && sshKeys !== undefined) throw bad('100', '[(root).properties.sshKeys] SSH keys can only be set for public images')
  const source = isEmpty ? {} : { image: image ?? pub?.id, ...(imageAlias === undefined ? {} : { imageAlias }) }
  return {
    type: 'HDD',
    availabilityZone: 'AUTO',
    bus: 'VIRTIO',
    licenceType: 'LINUX',
    ...sent,
    ...source,
    _sshKeys: sshKeys,
    _userData: userData,
    _imagePassword: imagePassword,
  }
}

/** A LAN that is not there is made along the way. */
function lanOf(cloud: IonosCloud, server: CloudObject | undefined, number: unknown, made: CloudObject[]): CloudObject {
  const dc = String(server?.fields['_parent'])
  const id = `${dc}/lans/${String(number)}`
  const there = cloud.store.get(id)
  if (there) return there
  const lan = cloud.draft('lans', { name: `LAN ${String(number)}`, public: false, ipv4CidrBlock: '10.250.222.0/24', _parent: dc }, id)
  made.push(lan)
  return lan
}

function nicOf(cloud: IonosCloud, server: CloudObject | undefined, sent: Fields, made: CloudObject[]): Fields {
  const lan = lanOf(cloud, server, sent['lan'], made)
  const ips = addressesOf(cloud, lan, sent['ips'])
  const mac = `02:01:${Array.from({ length: 4 }, () => randomInt(256).toString(16).padStart(2, '0')).join(':')}`
  const count = cloud.store.users(String(server?.id)).filter(({ type }) => type === 'nics').length
  return {
    dhcp: true,
    firewallActive: false,
    firewallType: 'INGRESS',
    mac,
    ...sent,
    ips,
    pciSlot: 6 + count,
    deviceNumber: count,
    _lan: lan.id,
    _groups: [],
  }
}

/** Given ones are kept: in a public LAN they must be out of a reserved block; else one is assigned. */
function addressesOf(cloud: IonosCloud, lan: CloudObject, asked: unknown): readonly string[] {
  const given = (asked ?? []) as readonly string[]
  const reserved = new Set(Array.from(cloud.store.all('ipblocks').values(), ({ fields }) => fields['ips'] as readonly string[]).flat())
  for (const ip of given) {
    if (parseIp(ip) === undefined) throw bad('100', `[(root).properties.ips] ${ip} is not an address`)
    if (lan.fields['public'] === true && !reserved.has(ip)) throw bad('100', `[(root).properties.ips] ${ip} is not in a reserved IP block`)
  }
  if (given.length > 0) return given
  const block = /^10\.\d+\.222\./.exec(String(lan.fields['ipv4CidrBlock']))?.[0]
  return [block === undefined ? freeAddress(cloud) : `${block}${11 + cloud.store.users(lan.id).length}`]
}

const freeAddress = (cloud: IonosCloud) => `203.0.${113 + Math.floor(cloud.store.lastSeq / 250)}.${randomInt(1, 254)}`

/** What a change of properties does once its turn comes. */
export function planChange(cloud: IonosCloud, object: CloudObject, sent: unknown): Plan {
  const { bootVolume, lan, ips, ...own } = readProperties(CHANGE[object.type], sent)
  const made: CloudObject[] = []
  const fields: Record<string, unknown> = { ...own }
  const done: Effect[] = []
  if (object.type === 'volumes' && Number(own['size'] ?? object.fields['size']) < Number(object.fields['size']))
    throw bad('100', '[(root).size] the size of a volume cannot be reduced')
  if (bootVolume) {
    const disk = volumeNamed(cloud, cloud.store.get(String(object.fields['_parent'])), object.id, bootVolume as Body)
    fields['_boot'] = disk.id
    done.push({ id: disk.id, fields: { _server: object.id } })
  }
  if (object.type === 'nics') {
    const net = lanOf(cloud, cloud.store.get(String(object.fields['_parent'])), lan ?? object.fields['lan'], made)
    if (lan !== undefined) Object.assign(fields, { lan, _lan: net.id })
    if (ips !== undefined || lan !== undefined)
      fields['ips'] = addressesOf(cloud, net, ips ?? (lan === undefined ? object.fields['ips'] : []))
  }
  return {
    targets: [object, ...made],
    done: [{ id: object.id, fields }, ...done, ...made.map(({ id }) => ({ id, stamp: ENDED }))],
    failed: made.map(({ id }) => ({ id, gone: true })),
  }
}

/** What goes with an object, unless it is held. */
export function planDeletion(cloud: IonosCloud, object: CloudObject, withVolumes: boolean): Plan {
  if (object.type === 'lans') {
    const nics = cloud.store.users(object.id).filter((one) => one.type === 'nics' && one.fields['_lan'] === object.id)
    if (nics.length > 0) throw bad('100', '[nics] Cannot delete lan which contains nics')
  }
  const volumes = withVolumes
    ? cloud.store.users(object.id).filter(({ type, fields }) => type === 'volumes' && fields['_server'] === object.id)
    : []
  return { targets: [object], done: [{ id: object.id, gone: true }, ...volumes.map(({ id }) => ({ id, gone: true }) as const)], failed: [] }
}

/** Power, as the verbs below a server change it. */
export function planAction({ id, fields }: CloudObject, verb: string): readonly Effect[] {
  const isOn = fields['vmState'] === 'RUNNING'
  const isRight = verb === 'start' ? !isOn : isOn
  if (verb === 'suspend' || verb === 'resume') throw bad('200', `VDC-2-20: ${verb} is for servers of type CUBE`)
  if (!isRight) throw bad('200', `VDC-2-20: the server cannot ${verb} in its state ${String(fields['vmState'])}`)
  const boots = Number(fields['_boots']) + (verb === 'stop' ? 0 : 1)
  return [{ id, fields: { vmState: verb === 'stop' ? 'SHUTOFF' : 'RUNNING', _boots: boots } }]
}
