import type { Instance } from '../../src/kinds/index.ts'
import { adapterOf } from '../../src/provider/adapter.ts'
import type { Accepted, CallContext, Desired, Observed, ResourceAdapter } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { type Step, withSteps } from '../../src/provider/steps.ts'
import { idAt, skuNumber, targetAt } from '../../src/provider/targets.ts'
import type { Fields } from '../../src/provider/translation.ts'
import type { ArubaClient } from './client.ts'
import { flavorFor } from './flavors.ts'
import { instance, userDataFor } from './instance.ts'
import { factsOf, isSettled, type Native, property, stateOf, textOf, uriOf } from './native.ts'
import { bound } from './subnet.ts'
import { typeOf } from './uri.ts'
import { type Difference, differs, isNone, volumesDiffer, wiringOf } from './wiring.ts'
import { projectOf } from './workspace.ts'

type D = typeof Instance

type Fresh = Map<string, { readonly uri: string; readonly at: number }>

const PLACE = { type: 'cloudServers' }
const refs = (uris: readonly string[]) => uris.map((uri) => ({ uri }))

/** Servers: what is connected with them is changed by actions, and nothing else ever. */
export function serverAdapter(client: ArubaClient): ResourceAdapter<D> {
  /** Key pairs made a moment ago, by their key: lists may not show them yet, and making another one helps nobody. */
  const fresh: Fresh = new Map()
  const wire: Step<D> = (desired, seen, context) => setWiring(client, desired, seen, context)
  const below = withSteps(adapterOf(client, instance), {
    dataVolumes: (desired, seen, context) => setVolumes(client, desired, seen, context),
    primaryNicRef: wire,
    additionalNicRefs: wire,
    securityGroupRef: wire,
  })
  return {
    ...bound(below),
    async observe(desired, context) {
      const seen = await below.observe(desired, context)
      if (seen !== undefined || !desired.isLeaving) return seen
      const [pair] = await client.find({ type: 'keyPairs', parent: projectOf(desired) }, desired, context)
      return pair && { externalId: uriOf(pair), status: {}, drift: [], going: factsOf(pair).isGoing }
    },
    async create(desired, context) {
      const fields = await fieldsFor(client, desired, fresh, context)
      const made = await adapterOf(client, { ...instance, initial: () => fields }).create(desired, context)
      fresh.delete(desired.tagKey)
      return made
    },
    /** The server, or the key pair that it leaves behind. */
    async delete(desired, seen, context) {
      const uri = seen.externalId ?? desired.externalId ?? ''
      return typeOf(uri) === 'keyPairs' ? client.delete({ type: 'keyPairs' }, uri, context) : below.delete(desired, seen, context)
    },
  }
}

/** All that a server is made of, each settled: the cloud fails the server for good where something is not. */
async function fieldsFor(client: ArubaClient, desired: Desired<D>, fresh: Fresh, context: CallContext): Promise<Fields> {
  const { zone, spec } = desired
  const { vpc, subnets, groups, elasticIps, refused } = wiringOf(desired)
  if (refused !== undefined) throw new ProviderError('unsupported', refused)
  if (spec.antiAffinityGroup) throw new ProviderError('unsupported', 'this cloud knows no anti-affinity: leave antiAffinityGroup out')
  const size = { vCPU: skuNumber(desired, 'skuRef', 'vCPU') ?? 1, ram: skuNumber(desired, 'skuRef', 'ram') ?? 1 }
  const flavorName = flavorFor({ name: targetAt(desired, 'skuRef')?.path.name ?? '', ...size }, client.session.settings.flavors)
  if (vpc === undefined || subnets === undefined || groups === undefined)
    throw new ProviderError('waiting', 'network, subnets and security groups of its NICs are not in the cloud yet')
  await client.settled(vpc, 'its network', context)
  for (const uri of subnets) await client.settled(uri, 'a subnet of its NICs', context)
  for (const uri of groups) await client.settled(uri, 'a security group of its NICs', context)
  const volume = await client.settled(idAt(desired, 'bootVolume.deviceRef'), 'its boot volume', context)
  refuseVolume(volume, zone)
  const [address] = await settledIps(client, elasticIps ?? [], context)
  const keyPair = await keyPairFor(client, desired, fresh, context)
  const userData = userDataFor(spec)
  return {
    dataCenter: zone,
    vpc: { uri: vpc },
    flavorName,
    bootVolume: { uri: uriOf(volume) },
    subnets: refs(subnets),
    securityGroups: refs(groups),
    // An empty reference is an error of the cloud's own: left out.
    ...(address === undefined ? {} : { elasticIp: { uri: address } }),
    ...(keyPair === undefined ? {} : { keyPair: { uri: keyPair } }),
    ...(userData === undefined ? {} : { userData }),
  }
}

function refuseVolume(volume: Native, zone: string | undefined): void {
  if (property(volume, 'bootable') !== true)
    throw new ProviderError('rejected', 'its boot volume cannot be booted from: make one with sourceImageRef')
  const place = textOf(volume, 'dataCenter')
  if (place !== '' && zone !== undefined && place !== zone)
    throw new ProviderError(
      'rejected',
      `its boot volume is in ${place} and the instance in ${zone}: make the volume anew, or the instance there`,
    )
}

/** Those that can be bound at once; the others follow. */
async function settledIps(client: ArubaClient, uris: readonly string[], context: CallContext): Promise<readonly string[]> {
  const found = await Promise.all(uris.map((uri) => client.look(uri, context)))
  return found.flatMap((ip) => (ip !== undefined && stateOf(ip) === 'NotUsed' ? [uriOf(ip)] : []))
}

/** A key pair of the instance's own, where it has exactly one key; made before it. */
async function keyPairFor(client: ArubaClient, desired: Desired<D>, fresh: Fresh, context: CallContext): Promise<string | undefined> {
  const [value, ...others] = desired.spec.sshKeys ?? []
  if (value === undefined || others.length > 0) return undefined
  const place = { type: 'keyPairs', parent: projectOf(desired) }
  const known = fresh.get(desired.tagKey)
  const pair = (known && (await client.look(known.uri, context))) ?? (await client.find(place, desired, context))[0]
  if (pair === undefined && known !== undefined && performance.now() - known.at < client.session.settings.settleMs)
    throw new ProviderError('waiting', 'the cloud does not show its key pair yet')
  if (pair !== undefined && textOf(pair, 'value').trim() !== value.trim()) {
    await client.delete(place, uriOf(pair), context)
    throw new ProviderError('waiting', 'the key pair of an earlier instance of this name has to go first')
  }
  const made = pair ?? (await client.create(place, { name: desired.path.name, mark: desired, fields: { value } }, context))
  if (pair === undefined) fresh.set(desired.tagKey, { uri: uriOf(made), at: performance.now() })
  if (!isSettled(made)) throw new ProviderError('waiting', 'its key pair is being made')
  return uriOf(made)
}

async function setVolumes(client: ArubaClient, desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<void> {
  const server = await client.look(seen.externalId ?? '', context)
  if (server === undefined) return
  const { missing, surplus } = volumesDiffer(server, desired)
  for (const uri of missing) await client.settled(uri, 'a data volume', context)
  const fields = { volumesToAttach: refs(missing), volumesToDetach: refs(surplus) }
  await client.act(PLACE, uriOf(server), 'attachDetachDataVolumes', { fields }, context)
}

/** One aspect a time: subnets, groups, the public IP. */
async function setWiring(client: ArubaClient, desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
  const server = await client.look(seen.externalId ?? '', context)
  if (server === undefined) return
  const { refused } = wiringOf(desired)
  if (refused !== undefined) throw new ProviderError('unsupported', refused)
  const act = async (verb: string, what: string, one: Difference, label: string): Promise<boolean> => {
    if (isNone(one)) return false
    for (const uri of one.missing) await client.settled(uri, label, context)
    const fields = { [`${what}ToAssociate`]: refs(one.missing), [`${what}ToDisassociate`]: refs(one.surplus) }
    await client.act(PLACE, uriOf(server), verb, { fields }, context)
    return true
  }
  if (await act('associateDisassociateSubnets', 'subnets', differs(server, desired, 'subnets'), 'a subnet of its NICs')) return
  const groups = differs(server, desired, 'groups')
  if (await act('associateDisassociateSecurityGroups', 'securityGroups', groups, 'a security group of its NICs')) return
  await act('associateDisassociateElasticIPs', 'elasticIPs', differs(server, desired, 'elasticIps'), 'its public IP')
}
