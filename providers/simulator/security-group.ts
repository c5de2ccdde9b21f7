import { isDeepStrictEqual } from 'node:util'
import type { SecurityGroup, SecurityGroupRule } from '../../src/kinds/index.ts'
import type { Spec } from '../../src/kinds/kind.ts'
import type { Desired } from '../../src/provider/contract.ts'
import { blockNamed, portRanges } from '../../src/provider/peers.ts'
import { idAt, idsAt } from '../../src/provider/targets.ts'
import type { Translation, Want } from '../../src/provider/translation.ts'
import type { CloudObject } from './client.ts'
import { projectOf } from './workspace.ts'

type Rule = NonNullable<Spec<typeof SecurityGroup>['rules']>[number]
interface CloudRule {
  readonly state: 'applied' | 'refused' | 'waiting'
  readonly reason?: string
}

const DIRECTIONS = { ingress: 'in', egress: 'out' } as const
const FAMILIES = { IPv4: 4, IPv6: 6 } as const

function toCloud(desired: Desired, rule: Rule, at: string) {
  return {
    direction: DIRECTIONS[rule.direction],
    family: rule.version ? FAMILIES[rule.version] : null,
    protocols: rule.protocol ? rule.protocol.split('+') : null,
    ports: rule.ports ? portRanges(rule.ports) : null,
    icmp: rule.icmp ?? null,
    peers: rule.sourceRef?.length ? peersOf(desired, rule.sourceRef, at) : null,
  }
}

/** Who is not there yet is left out, and the list stays a list: an empty one means nobody, not anybody. */
function peersOf(desired: Desired, sources: NonNullable<Rule['sourceRef']>, at: string): string[] {
  return sources.flatMap((source, index) =>
    blockNamed(source.resource) ? source.resource : (idAt(desired, `${at}sourceRef[${index}]`) ?? []),
  )
}

/** The cloud's rule without its state. */
function isSame(one: unknown, rule: object): boolean {
  const { state: _state, reason: _reason, ...shown } = one as CloudRule
  return isDeepStrictEqual(shown, rule)
}

function trouble(rule: CloudRule | undefined) {
  if (!rule || rule.state === 'applied') return undefined
  return { state: rule.state === 'refused' ? 'error' : 'pending', message: rule.reason ?? rule.state } as const
}

type RuleField = keyof ReturnType<typeof toCloud>

/** The cloud replaces a rule as a whole, and shows its parts. */
function part(field: RuleField): Want<typeof SecurityGroupRule, CloudObject> {
  return {
    fields: (desired) => ({ rule: toCloud(desired, desired.spec, '') }),
    isMet: (filter, desired) =>
      isDeepStrictEqual((filter['rule'] as Record<string, unknown>)[field], toCloud(desired, desired.spec, '')[field]),
  }
}

export const securityGroupRule: Translation<typeof SecurityGroupRule, CloudObject> = {
  type: 'filters',
  capability: { ignores: ['annotations'] },
  initial: projectOf,
  wants: {
    direction: part('direction'),
    version: part('family'),
    protocol: part('protocols'),
    ports: part('ports'),
    icmp: part('icmp'),
    sourceRef: part('peers'),
  },
  items(filter) {
    const found = trouble(filter['rule'] as CloudRule)
    return found ? { rule: found } : {}
  },
}

const rulesOf = (firewall: CloudObject) => firewall['rules'] as readonly CloudRule[]
const rulesFor = (desired: Desired<typeof SecurityGroup>) =>
  (desired.spec.rules ?? []).map((rule, i) => toCloud(desired, rule, `rules[${i}].`))

export const securityGroup: Translation<typeof SecurityGroup, CloudObject> = {
  type: 'firewalls',
  initial: projectOf,
  wants: {
    rules: {
      fields: (desired) => ({ rules: rulesFor(desired) }),
      isMet: (firewall, desired) => {
        const rules = rulesFor(desired)
        return rulesOf(firewall).length === rules.length && rules.every((rule, i) => isSame(rulesOf(firewall)[i], rule))
      },
    },
    ruleRefs: { fields: (desired) => ({ filters: idsAt(desired, 'ruleRefs[]') }) },
  },
  items(firewall) {
    const found = rulesOf(firewall).map((rule, i) => [`rules[${i}]`, trouble(rule)] as const)
    return Object.fromEntries(found.flatMap(([path, item]) => (item ? [[path, item]] : [])))
  },
}
