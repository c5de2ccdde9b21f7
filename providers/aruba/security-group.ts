import type { SecurityGroup } from '../../src/kinds/index.ts'
import { adapterOf } from '../../src/provider/adapter.ts'
import { TAG_PATH } from '../../src/provider/capability.ts'
import type { Accepted, CallContext, Desired, Holder, Json, Observed, ResourceAdapter } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { tagKey } from '../../src/provider/tags.ts'
import { targetsAt } from '../../src/provider/targets.ts'
import type { Translation } from '../../src/provider/translation.ts'
import type { ArubaClient } from './client.ts'
import { factsOf, type Native, uriOf } from './native.ts'
import { type CloudRule, copiesOf, differenceOf, expanded, keyOf, refusalOf, type Rule, shownRule } from './rules.ts'
import { hasUri, isIn, parentOf } from './uri.ts'

type D = typeof SecurityGroup

const SOURCES = ['primaryNicRef', 'additionalNicRefs[]']

const inlineOf = (desired: Desired<D>, vpc: string) =>
  (desired.spec.rules ?? []).flatMap((rule, i) => expanded(rule, desired, `rules[${i}].`, vpc))
/** Shared rules have no object: each group has its own copy. */
const sharedOf = (desired: Desired<D>, vpc: string) =>
  targetsAt(desired, 'ruleRefs[]').flatMap((rule) => (rule === undefined ? [] : expanded(rule.spec as unknown as Rule, rule, '', vpc)))
const rulesFor = (desired: Desired<D>, vpc: string) => [...inlineOf(desired, vpc), ...sharedOf(desired, vpc)]

/** Rules that are there, or about to be; one that is going is not. */
const rulesOf = ({ rules = [] }: Native) => rules.filter((rule) => !factsOf(rule).isGoing)

/** A group as its copy in one VPC. */
export const securityGroup = (vpc?: string): Translation<D, Native> => ({
  type: 'securityGroups',
  capability: {
    reads: [
      'holders',
      'holders.subnetRef',
      'holders.primaryNicRef.subnetRef',
      'ruleRefs[].sourceRef[]',
      ...SOURCES.flatMap((nic) => [`rules[].sourceRef[].${nic}`, `ruleRefs[].sourceRef[].${nic}`]),
    ],
    note: 'a copy in each VPC where a NIC or instance uses it; each rule becomes one for each protocol, range of ports and source, IPv4 only',
  },
  parent: () => vpc,
  initial: () => ({ default: false }),
  wants: {
    rules: {
      isMet: (group, desired) => {
        const { missing, surplus } = differenceOf(rulesOf(group), rulesFor(desired, vpc ?? ''))
        const inline = new Set(inlineOf(desired, vpc ?? '').map(keyOf))
        return surplus.length === 0 && !missing.some((rule) => inline.has(keyOf(rule)))
      },
    },
    ruleRefs: { isMet: (group, desired) => differenceOf(rulesOf(group), sharedOf(desired, vpc ?? '')).missing.length === 0 },
  },
  items: (group, desired) => itemsOf(group, desired, vpc ?? ''),
})

/** Rules that are not to be had, and those that the cloud gave up on. */
function itemsOf(group: Native, desired: Desired<D>, vpc: string): NonNullable<Observed['items']> {
  const failed = new Map(
    rulesOf(group).flatMap((rule) => {
      const { failed: why } = factsOf(rule)
      return why === undefined ? [] : [[keyOf(shownRule(rule)), why] as const]
    }),
  )
  const found = (desired.spec.rules ?? []).flatMap((rule, i) => {
    const mine = expanded(rule, desired, `rules[${i}].`, vpc)
    const message = refusalOf(rule) ?? mine.map((one) => failed.get(keyOf(one))).find(Boolean)
    return message === undefined ? [] : [[`rules[${i}]`, { state: 'error', message } as const] as const]
  })
  return Object.fromEntries(found)
}

/** VPCs in which somebody uses the group. */
function networksOf({ holders }: Pick<Desired, 'holders'>): readonly string[] {
  const subnetOf = ({ targets }: Holder) => targets['subnetRef'] ?? targets['primaryNicRef']?.targets['subnetRef']
  return [...new Set(holders.flatMap((holder) => subnetOf(holder)?.parent?.externalId ?? []))]
}

interface Copy {
  readonly vpc: string
  readonly isWanted: boolean
  readonly adapter: ResourceAdapter<D>
  readonly desired: Desired<D>
  readonly seen: Observed<D> | undefined
}

/** Groups, each as many times as there are VPCs in which it is used. */
export class SecurityGroupAdapter implements ResourceAdapter<D> {
  readonly #client: ArubaClient

  constructor(client: ArubaClient) {
    this.#client = client
  }

  async observe(desired: Desired<D>, context: CallContext): Promise<Observed<D> | undefined> {
    const copies = await this.#copies(desired, context)
    const there = copies.flatMap(({ seen, isWanted }) => (seen?.externalId === undefined ? [] : [{ ...seen, isWanted }]))
    const first = there.find(({ externalId }) => externalId === desired.externalId) ?? there[0]
    if (first === undefined)
      return copies.some(({ isWanted }) => isWanted)
        ? undefined
        : { status: {}, drift: [], part: 'is made in the networks of the NICs and instances that use it' }
    const { isWanted: _isWanted, ...seen } = first
    const isApart = copies.some((copy) => copy.isWanted !== (copy.seen !== undefined))
    const busy = there.map((one) => one.busy).find((word) => word !== undefined)
    const drift =
      busy === undefined && !there.every(({ going }) => going) ? [...there.flatMap((one) => one.drift), ...(isApart ? ['rules'] : [])] : []
    return {
      ...seen,
      busy,
      drift: [...new Set(drift)],
      failed: there.map((one) => one.failed).find((why) => why !== undefined),
      items: Object.assign({}, ...there.map((one) => one.items)) as NonNullable<Observed['items']>,
      going: there.every(({ going }) => going === true),
      handle: handleFor(there.map(({ externalId }) => externalId ?? '')),
      twins: there.flatMap(({ twins = [] }) => twins),
    }
  }

  async create(desired: Desired<D>, context: CallContext): Promise<Accepted> {
    const [vpc] = networksOf(desired)
    await this.#client.settled(vpc, 'the network of who uses it', context)
    const { externalId } = await this.#in(vpc ?? '').create(desired, context)
    return { externalId }
  }

  /** One copy at a time: those that nobody uses go, since no VPC goes that has any. */
  async update(desired: Desired<D>, _seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    for (const { vpc, isWanted, adapter, desired: own, seen } of await this.#copies(desired, context)) {
      if (seen === undefined && !isWanted) continue
      if (seen === undefined) {
        await this.#client.settled(vpc, 'the network of who uses it', context)
        return void (await adapter.create(own, context))
      }
      if (seen.going === true) continue
      if (!isWanted) return this.#remove(seen.externalId ?? '', context)
      if (seen.drift.includes(TAG_PATH)) return void (await adapter.update?.(own, { ...seen, drift: [TAG_PATH] }, context))
      if (seen.drift.length > 0) return this.#setRules(own, vpc, seen.externalId ?? '', context)
    }
  }

  async delete(_desired: Desired<D>, { externalId, handle }: Observed<D>, context: CallContext): Promise<void> {
    for (const uri of copiesOf({ externalId, handle })) await this.#remove(uri, context)
  }

  #in(vpc: string): ResourceAdapter<D> {
    return adapterOf(this.#client, securityGroup(vpc))
  }

  /** The group in each VPC where it is used, or was. */
  #copies(desired: Desired<D>, context: CallContext): Promise<readonly Copy[]> {
    const swept = desired.swept as readonly Native[] | undefined
    const known = swept?.map(uriOf) ?? copiesOf(desired)
    const wanted = networksOf(desired)
    const vpcs = [...wanted, ...known.flatMap((uri) => parentOf(uri) ?? []).filter((vpc) => !hasUri(wanted, vpc))]
    return Promise.all(
      [...new Set(vpcs)].map(async (vpc) => {
        const adapter = this.#in(vpc)
        const { swept: _all, ...rest } = desired
        const found = swept?.find((group) => isIn(uriOf(group), vpc))
        const own = { ...rest, externalId: known.find((uri) => isIn(uri, vpc)), handle: undefined }
        const seen = await adapter.observe(found === undefined ? own : { ...own, swept: found as unknown as Json }, context)
        return { vpc, isWanted: wanted.includes(vpc), adapter, desired: own, seen }
      }),
    )
  }

  /**
   * Adds what is missing before it takes away what is too much: what stays allowed is never cut. What the cloud refuses to add is no reason to
   * let in whom the spec does not.
   */
  async #setRules(desired: Desired<D>, vpc: string, uri: string, context: CallContext): Promise<void> {
    const group = await this.#client.look(uri, context)
    if (group === undefined) return
    const { missing, surplus } = differenceOf(rulesOf(group), rulesFor(desired, vpc))
    let refused: ProviderError | undefined
    for (const rule of missing)
      await this.#addRule(desired, uri, rule, context).catch((thrown: unknown) => {
        if (!isFinal(thrown)) throw thrown
        refused = thrown
      })
    for (const rule of surplus) await this.#client.delete({ type: 'securityRules' }, uriOf(rule), context)
    // With something gone there may be room now: the next look tells.
    if (refused !== undefined && surplus.length === 0) throw refused
  }

  #addRule({ tagKey: group, installationKey }: Desired<D>, parent: string, rule: CloudRule, context: CallContext): Promise<Native> {
    const key = tagKey(`${group} ${keyOf(rule)}`)
    const mark = { tag: '', tagKey: key, installationKey, incarnation: '' }
    return this.#client.create({ type: 'securityRules', parent }, { name: key, mark, fields: { ...rule } }, context)
  }

  /** With its rules, where the cloud wants them gone first. */
  async #remove(uri: string, context: CallContext): Promise<void> {
    try {
      await this.#client.delete({ type: 'securityGroups' }, uri, context)
    } catch (thrown) {
      if (!(thrown instanceof ProviderError) || thrown.failure !== 'waiting') throw thrown
      const rules = rulesOf((await this.#client.look(uri, context)) ?? { metadata: {} })
      for (const rule of rules) await this.#client.delete({ type: 'securityRules' }, uriOf(rule), context)
      throw thrown
    }
  }
}

const handleFor = (copies: readonly string[]): Json => (copies.length > 1 ? { copies } : null)

/** These keep a rule out whatever is tried again. */
const isFinal = (thrown: unknown): thrown is ProviderError =>
  thrown instanceof ProviderError && ['quota', 'rejected', 'unsupported'].includes(thrown.failure)

/** Groups of an installation, each with its copies in all VPCs; a second one in the same VPC is another, and a twin. */
export async function* groupsOf(
  client: ArubaClient,
  installation: string | undefined,
  context: CallContext,
): AsyncGenerator<readonly Native[]> {
  const all = await Array.fromAsync(client.list('securityGroups', installation, context))
  for (const copies of Map.groupBy(all, (group) => factsOf(group).tag).values()) {
    const byVpc = [...Map.groupBy(copies, (group) => parentOf(uriOf(group))).values()]
    for (let i = 0; byVpc.some((some) => i < some.length); i++) yield byVpc.flatMap((some) => some[i] ?? [])
  }
}
