import type { SecurityGroup, SecurityGroupRule } from '../../../src/kinds/index.ts'
import { adapterOf } from '../../../src/provider/adapter.ts'
import type { Capability, Desired, ResourceAdapter } from '../../../src/provider/contract.ts'
import { ProviderError } from '../../../src/provider/errors.ts'
import { nothing } from '../../../src/provider/nothing.ts'
import { type Step, withSteps } from '../../../src/provider/steps.ts'
import { targetsAt } from '../../../src/provider/targets.ts'
import type { Translation } from '../../../src/provider/translation.ts'
import { projectOf } from '../identity/workspace.ts'
import { listOf, type Native } from '../native.ts'
import type { NetworkClient } from './client.ts'
import { expanded, keyOf, type NeutronRule, type Rule, ruleTrouble } from './rules.ts'

type D = typeof SecurityGroup

const inlineOf = (desired: Desired<D>) => (desired.spec.rules ?? []).flatMap((rule, i) => expanded(rule, desired, `rules[${i}].`))
/** Shared rules have no object in Neutron: each group has its own copy. */
const sharedOf = (desired: Desired<D>) =>
  targetsAt(desired, 'ruleRefs[]').flatMap((rule) => (rule === undefined ? [] : expanded(rule.spec as unknown as Rule, rule, '')))

const rulesOf = (group: Native) => listOf<NeutronRule & { readonly id: string }>(group, 'security_group_rules')

/** What is missing of the rules, and what is there and allows something else, Neutron's own two for the way out among it. */
export function differenceOf(group: Native, wanted: readonly NeutronRule[]) {
  const has = new Set(rulesOf(group).map(keyOf))
  const keys = new Set(wanted.map(keyOf))
  return { missing: wanted.filter((rule) => !has.has(keyOf(rule))), surplus: rulesOf(group).filter((rule) => !keys.has(keyOf(rule))) }
}

const SOURCES = ['primaryNicRef', 'additionalNicRefs[]']

export const securityGroup: Translation<D, Native> = {
  type: 'security-groups',
  capability: {
    reads: ['ruleRefs[].sourceRef[]', ...SOURCES.flatMap((nic) => [`rules[].sourceRef[].${nic}`, `ruleRefs[].sourceRef[].${nic}`])],
    note: 'each rule becomes one for each family, protocol, range of ports and source',
  },
  parent: projectOf,
  // That name is kept for the project's own group.
  initial: ({ path }) => (path.name === 'default' ? { name: 'seca-default' } : {}),
  wants: {
    rules: {
      isMet: (group, desired) => {
        const { missing, surplus } = differenceOf(group, [...inlineOf(desired), ...sharedOf(desired)])
        const inline = new Set(inlineOf(desired).map(keyOf))
        return surplus.length === 0 && !missing.some((rule) => inline.has(keyOf(rule)))
      },
    },
    ruleRefs: { isMet: (group, desired) => differenceOf(group, sharedOf(desired)).missing.length === 0 },
  },
  items(_group, desired) {
    const shared = targetsAt(desired, 'ruleRefs[]').map((target) => target?.spec as Rule | undefined)
    const all = { rules: desired.spec.rules ?? [], ruleRefs: shared }
    const told = Object.entries(all).flatMap(([field, rules]) =>
      rules.flatMap((rule, index) => {
        const message = rule && ruleTrouble(rule)
        return message === undefined ? [] : [[`${field}[${index}]`, { state: 'error', message } as const] as const]
      }),
    )
    return Object.fromEntries(told)
  },
}

/** These keep a rule out whatever is tried again. */
const isFinal = (thrown: unknown): thrown is ProviderError =>
  thrown instanceof ProviderError && ['quota', 'rejected', 'unsupported'].includes(thrown.failure)

/**
 * Adds what is missing before it takes away what is too much: what stays allowed is never cut. What the cloud refuses to add, for want of room
 * or for good, is no reason to let in whom the spec does not.
 */
function setRules(client: NetworkClient): Step<D> {
  return async (desired, seen, context) => {
    const place = { type: 'security-groups', parent: projectOf(desired) }
    const group = await client.get(place, seen.externalId ?? '', context)
    if (group === undefined) return
    const { missing, surplus } = differenceOf(group, [...inlineOf(desired), ...sharedOf(desired)])
    const security_group_rules = missing.map((rule) => ({ ...rule, security_group_id: group.id }))
    const call = { method: 'POST', path: '/security-group-rules', body: { security_group_rules } } as const
    let refused: ProviderError | undefined
    if (missing.length > 0)
      await client.call(call, place, context).catch((thrown: unknown) => {
        if (!isFinal(thrown)) throw thrown
        refused = thrown
      })
    for (const { id } of surplus) await client.delete({ ...place, type: 'security-group-rules' }, id, context)
    // With something gone there may be room now: the next look tells.
    if (refused !== undefined && surplus.length === 0) throw refused
  }
}

export function securityGroupAdapter(client: NetworkClient): ResourceAdapter<D> {
  const step = setRules(client)
  return withSteps(adapterOf(client, securityGroup), { rules: step, ruleRefs: step })
}

/** A shared rule stands in each group that names it. */
export const sharedRule = nothing<typeof SecurityGroupRule>('stands in the groups that name it')

export const sharedRuleAbility: Pick<Capability, 'object' | 'updates' | 'note'> = {
  object: 'part',
  updates: ['direction', 'version', 'protocol', 'ports', 'icmp', 'sourceRef', 'annotations'],
  note: 'stands in each group that names it',
}
