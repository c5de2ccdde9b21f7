import type { SecurityGroup } from '../../src/kinds/index.ts'
import { adapterOf } from '../../src/provider/adapter.ts'
import type { CallContext, Desired, Other, ResourceAdapter, Targets } from '../../src/provider/contract.ts'
import { type Step, withSteps } from '../../src/provider/steps.ts'
import { targetsAt } from '../../src/provider/targets.ts'
import type { Translation } from '../../src/provider/translation.ts'
import type { IonosClient } from './client.ts'
import { companionOf } from './names.ts'
import { type Native, pathIn, pathOf, textOf, textsOf } from './native.ts'
import { expanded, type IonosRule, keyOf, type Rule } from './rules.ts'
import { centerOf } from './workspace.ts'

type D = typeof SecurityGroup

const inlineOf = (desired: Desired<D>) => (desired.spec.rules ?? []).flatMap((rule, i) => expanded(rule, desired, `rules[${i}].`))
/** Shared rules have no object here: each group has its own copy. */
const sharedOf = (desired: Desired<D>) =>
  targetsAt(desired, 'ruleRefs[]').flatMap((rule) => (rule === undefined ? [] : expanded(rule.spec as unknown as Rule, rule, '')))
const allOf = (desired: Desired<D>) => [
  ...new Map([...inlineOf(desired), ...sharedOf(desired)].map((rule) => [keyOf(rule), rule])).values(),
]

/** What is missing of the rules, and what is there and allows something else. */
export function differenceOf(group: Native, wanted: readonly IonosRule[]) {
  const rules = group.entities['rules'] ?? []
  const has = new Set(rules.map((rule) => keyOf(rule.properties)))
  const keys = new Set(wanted.map(keyOf))
  const seen = new Set<string>()
  const isSurplus = (rule: Native) => !keys.has(keyOf(rule.properties)) || seen.size === seen.add(keyOf(rule.properties)).size
  return { missing: wanted.filter((rule) => !has.has(keyOf(rule))), surplus: rules.filter(isSurplus) }
}

const SOURCES = ['primaryNicRef', 'additionalNicRefs[]']

export const securityGroup: Translation<D, Native> = {
  type: 'securitygroups',
  capability: {
    reads: [
      'holders',
      'ruleRefs[].sourceRef[]',
      ...SOURCES.flatMap((nic) => [`rules[].sourceRef[].${nic}`, `ruleRefs[].sourceRef[].${nic}`]),
    ],
    note: 'each rule becomes one for each protocol, range of ports and address of a source (100 in all); rules without version are for IPv4',
  },
  parent: centerOf,
  initial: (desired) => ({ entities: { rules: { items: allOf(desired).map((rule) => ({ properties: rule })) } } }),
  wants: {
    rules: {
      isMet: (group, desired) => {
        const { missing, surplus } = differenceOf(group, allOf(desired))
        const inline = new Set(inlineOf(desired).map(keyOf))
        return surplus.length === 0 && !missing.some((rule) => inline.has(keyOf(rule)))
      },
    },
    ruleRefs: { isMet: (group, desired) => differenceOf(group, sharedOf(desired)).missing.length === 0 },
  },
}

/** Groups cannot be sources: their members' addresses are, as they are now. */
export function securityGroupAdapter(client: IonosClient): ResourceAdapter<D> {
  const below = withSteps(adapterOf(client, securityGroup), { rules: setRules, ruleRefs: setRules })
  const known = (desired: Desired<D>, context: CallContext) => withMembers(client, desired, context)
  return {
    observe: async (desired, context) => below.observe(await known(desired, context), context),
    create: async (desired, context) => below.create(await known(desired, context), context),
    update: async (desired, seen, context) => below.update?.(await known(desired, context), seen, context),
    delete: (desired, seen, context) => below.delete(desired, seen, context),
  }

  /** One rule a call: what is missing before what is too much, so that nothing that stays allowed is cut. */
  async function setRules(...[desired, seen, context]: Parameters<Step<D>>): Promise<void> {
    const id = seen.externalId ?? ''
    const group = await client.get({ type: 'securitygroups' }, id, context)
    if (group === undefined) return
    const { missing, surplus } = differenceOf(group, allOf(desired))
    for (const properties of missing) await client.http.call({ method: 'POST', path: pathIn('rules', id), body: { properties } }, context)
    for (const rule of surplus) await client.http.call({ method: 'DELETE', path: pathOf('rules', rule.id) }, context)
  }
}

async function withMembers(client: IonosClient, desired: Desired<D>, context: CallContext): Promise<Desired<D>> {
  const center = centerOf(desired)
  const isGroup = (one: Other) => one.path.kind === 'SecurityGroup'
  const below = (targets: Targets) => Object.values(targets).some((one) => isGroup(one) || Object.values(one.targets).some(isGroup))
  if (center === undefined || desired.isLeaving || !below(desired.targets)) return desired
  const members = new Map<string, string[]>()
  for (const server of await client.inside('servers', center, 5, context))
    for (const nic of server.entities['nics'] ?? [])
      if (companionOf(textOf(nic, 'name')) === undefined)
        for (const { id } of nic.entities['securitygroups'] ?? []) members.set(id, [...(members.get(id) ?? []), ...textsOf(nic, 'ips')])
  const filled = (targets: Targets): Targets =>
    Object.fromEntries(
      Object.entries(targets).map(([path, one]) => [
        path,
        isGroup(one)
          ? { ...one, status: { addresses: members.get(one.externalId ?? '') ?? [] } }
          : { ...one, targets: filled(one.targets) },
      ]),
    )
  return { ...desired, targets: filled(desired.targets) }
}
