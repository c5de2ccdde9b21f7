import { createHash } from 'node:crypto'
import type { Instance } from '../../src/kinds/index.ts'
import { bits, type Block, formatIp, isUnassigned, parseBlock, parseIp } from '../../src/ip.ts'
import { adapterOf } from '../../src/provider/adapter.ts'
import type { CallContext, Desired, Other, ResourceAdapter } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { type Step, withSteps } from '../../src/provider/steps.ts'
import { targetAt } from '../../src/provider/targets.ts'
import type { Fields } from '../../src/provider/translation.ts'
import { isPublic, nobodysPassword, volumeFields } from './block-storage.ts'
import type { IonosClient } from './client.ts'
import { bootIdOf, dataVolumesOf, instance, nicDifference, nicsOf } from './instance.ts'
import { marked } from './names.ts'
import { lastOf, type Native, pathIn, pathOf, textsOf } from './native.ts'
import { lanNumber } from './nic.ts'
import type { Settings } from './settings.ts'

type D = typeof Instance
type Wanted = Pick<Desired<D>, 'spec' | 'targets' | 'installationKey'>

/** Addresses at the beginning of a block that gateways and DHCP servers like to have. */
const RESERVED = 10n

/** Instances: a server is made in one request with its NICs, and with the volume that it boots from where that is not there yet. */
export function serverAdapter(client: IonosClient, settings: Settings): ResourceAdapter<D> {
  const translation = instance(settings)
  const below = withSteps(adapterOf(client, translation), {
    'bootVolume.deviceRef': step(bootFrom),
    dataVolumes: step(setVolumes),
    primaryNicRef: step(setNics),
    additionalNicRefs: step(setNics),
  })
  return {
    ...below,
    async create(desired, context) {
      const nics: Fields[] = []
      for (const nic of nicsOf(desired)) nics.push(await nicBody(nic, desired, nics, context))
      const entities = { volumes: { items: [bootVolume(desired, settings)] }, nics: { items: nics.map((properties) => ({ properties })) } }
      const whole = { ...translation, initial: () => ({ ...translation.initial?.(desired), entities }) }
      return adapterOf(client, whole).create(desired, context)
    },
  }

  function step(change: (server: Native, desired: Desired<D>, context: CallContext) => Promise<unknown>): Step<D> {
    return async (desired, seen, context) => {
      const server = await client.get({ type: 'servers' }, seen.externalId ?? '', context)
      if (server !== undefined) await change(server, desired, context)
    }
  }

  async function bootFrom(server: Native, desired: Desired<D>, context: CallContext): Promise<void> {
    const id = targetAt(desired, 'bootVolume.deviceRef')?.externalId
    if (id === undefined) return
    const before = bootIdOf(server)
    await client.http.call({ method: 'PATCH', path: pathOf('servers', server.id), body: { bootVolume: { id: lastOf(id) } } }, context)
    // What it booted from before is none of its volumes any more, or one of the others.
    if (before !== undefined) await detach(server, before, context)
  }

  async function setVolumes(server: Native, desired: Desired<D>, context: CallContext): Promise<void> {
    const path = `${pathOf('servers', server.id)}/volumes`
    const wanted = desired.spec.dataVolumes?.flatMap((_volume, i) => desired.targets[`dataVolumes[${i}].deviceRef`]?.externalId ?? []) ?? []
    const has = dataVolumesOf(server, desired)
    const missing = wanted.find((id) => !has.includes(id))
    // Anything but the id is refused.
    if (missing !== undefined) return client.http.call({ method: 'POST', path, body: { id: lastOf(missing) } }, context)
    const surplus = has.find((id) => !wanted.includes(id))
    if (surplus !== undefined) await detach(server, lastOf(surplus), context)
  }

  async function setNics(server: Native, desired: Desired<D>, context: CallContext): Promise<void> {
    const { missing, surplus } = nicDifference(server, desired)
    const [gone] = surplus
    if (gone !== undefined) return client.http.call({ method: 'DELETE', path: pathOf('nics', gone.id) }, context)
    const [nic] = missing
    if (nic === undefined) return
    const properties = await nicBody(nic, desired, [], context)
    await client.http.call({ method: 'POST', path: pathIn('nics', server.id), body: { properties } }, context)
  }

  async function detach(server: Native, volume: string, context: CallContext): Promise<void> {
    await client.http.call({ method: 'DELETE', path: `${pathOf('servers', server.id)}/volumes/${encodeURIComponent(volume)}` }, context)
  }

  /** A NIC as its server's calls make it, under its own mark. */
  async function nicBody(nic: Other, desired: Wanted, others: readonly Fields[], context: CallContext): Promise<Fields> {
    const subnet = nic.targets['subnetRef']
    const lan = subnet?.externalId
    if (lan === undefined) throw new ProviderError('waiting', `the subnet of NIC ${nic.path.name} is not in the cloud yet`)
    const asked = ((nic.spec['addresses'] ?? []) as readonly string[]).filter((one) => !isUnassigned(one) && parseIp(one)?.family === 4)
    const ips = asked.length > 0 ? asked : [await freeAddress(nic, subnet, others, context)]
    return { name: marked(nic.path.name, markOf(nic, desired)), lan: lanNumber(lan), ips, dhcp: true }
  }

  /** An address of the subnet's block that nothing in its LAN has; where the search begins hangs on the NIC, so that two at a time rarely meet. */
  async function freeAddress(nic: Other, subnet: Other | undefined, others: readonly Fields[], context: CallContext): Promise<string> {
    const block = parseBlock((subnet?.spec['cidr'] as { ipv4?: string } | undefined)?.ipv4 ?? '')
    if (block === undefined) throw new ProviderError('waiting', `the subnet of NIC ${nic.path.name} has no block`)
    const lan = subnet?.externalId ?? ''
    const { items = [] } = await client.http.call<{ items?: readonly Native[] }>(
      { method: 'GET', path: `${pathOf('lans', lan)}/nics`, query: { depth: 1 } },
      context,
    )
    const taken = new Set([...items.flatMap((one) => textsOf(one, 'ips')), ...others.flatMap(({ ips }) => ips as string[])])
    const free = addressesIn(block, nic.tagKey).find((ip) => !taken.has(ip))
    if (free === undefined) throw new ProviderError('quota', `the subnet of NIC ${nic.path.name} has no free address`)
    return free
  }
}

function bootVolume(desired: Desired<D>, settings: Settings): Fields {
  const volume = targetAt(desired, 'bootVolume.deviceRef')
  if (volume === undefined) throw new ProviderError('waiting', 'the boot volume is not there yet')
  if (volume.externalId !== undefined) return { id: lastOf(volume.externalId) }
  const image = volume.targets['sourceImageRef']
  if (image === undefined) throw new ProviderError('waiting', 'the boot volume is not in the cloud yet')
  const { sshKeys = [], userData } = desired.spec
  // Keys are taken with public images alone; others get them from cloud-init.
  const isOffered = isPublic(image)
  const script =
    userData ?? (isOffered || sshKeys.length === 0 ? undefined : `#cloud-config\n${JSON.stringify({ ssh_authorized_keys: sshKeys })}\n`)
  const properties = {
    ...volumeFields(volume, settings),
    name: marked(volume.path.name, markOf(volume, desired)),
    ...(isOffered ? (sshKeys.length > 0 ? { sshKeys } : { imagePassword: nobodysPassword() }) : {}),
    ...(script === undefined ? {} : { userData: Buffer.from(script).toString('base64') }),
  }
  return { properties }
}

const markOf = ({ tagKey, incarnation = '-' }: Other, { installationKey }: Pick<Desired, 'installationKey'>) => ({
  tagKey,
  incarnation,
  installationKey,
})

/** Some hundred addresses of a block, from one that a text chooses. */
function addressesIn({ value, prefix, family }: Block, text: string): readonly string[] {
  const count = 2n ** BigInt(bits(family) - prefix) - RESERVED - 1n
  if (count <= 0n) return []
  const start = BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 12)}`)
  const size = count > 1_000n ? 1_000 : Number(count)
  return Array.from({ length: size }, (_one, i) => formatIp({ family, value: value + RESERVED + ((start + BigInt(i)) % count) }))
}
