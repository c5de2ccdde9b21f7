import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { MEMBER_LEASES } from '../../src/kinds/names.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { ifNotFound } from '../../src/kube/errors.ts'
import { applyObject } from '../../src/processes/install.ts'
import type { PolicyRule } from '../../src/schema/rbac.ts'
import { OPERATOR_NAMESPACE } from '../support/names.ts'
import type { Rendered } from './rendered.ts'

type RoleKind = 'Role' | 'ClusterRole'
interface Binding extends Rendered {
  readonly roleRef: { readonly kind: RoleKind; readonly name: string }
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[]
}

/** What is given or taken as one: a verb on a resource by a role of the chart, or one of Kubernetes' own roles as a whole. */
interface Right {
  readonly account: string
  /** As people read it. */
  readonly text: string
  /** What it allows; `namespace`: there alone. */
  readonly covers: readonly Omit<Refusal, 'account'>[]
  readonly role?: { readonly kind: RoleKind; readonly metadata: { readonly name: string; readonly namespace?: string } }
  readonly binding?: Binding
}

/** What kube-apiserver did not let an account do. */
interface Refusal {
  readonly account: string
  readonly verb: string
  readonly group: string
  /** `nics/status` */
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
}

interface AuditEvent {
  readonly user: { readonly username: string }
  readonly responseStatus?: { readonly code?: number; readonly message?: string }
  readonly objectRef?: { readonly name?: string }
}

const USER = `system:serviceaccount:${OPERATOR_NAMESPACE}:`

/** Flags that make kube-apiserver write down what these accounts of the operator's namespace ask of it, into the file, as it happens. */
export function auditing(folder: string, accounts: readonly string[]): { readonly flags: readonly string[]; readonly file: string } {
  mkdirSync(folder, { recursive: true })
  const [policy, file] = [join(folder, 'audit-policy.yaml'), join(folder, 'audit.log')]
  const rules = [{ level: 'Metadata', users: accounts.map((name) => USER + name) }, { level: 'None' }]
  writeFileSync(
    policy,
    stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived', 'ResponseStarted'], rules }),
  )
  writeFileSync(file, '')
  return { flags: [`--audit-policy-file=${policy}`, `--audit-log-path=${file}`, '--audit-log-mode=blocking'], file }
}

/** `nics.network.secapi.cloud` and the like, as messages of kube-apiserver have it. */
const WORDS = /cannot (\w+) resource "([^"]+)" in API group "([^"]*)" (?:at the cluster scope|in the namespace "([^"]+)")/

function refusalOf({ user, responseStatus, objectRef }: AuditEvent): Refusal | undefined {
  if (responseStatus?.code !== 403) return undefined
  const account = user.username.slice(USER.length)
  const message = responseStatus.message ?? ''
  const [, verb, resource, group, namespace] = WORDS.exec(message) ?? []
  const name = objectRef?.name === undefined ? {} : { name: objectRef.name }
  if (verb !== undefined && resource !== undefined)
    return { account, verb, group: group ?? '', resource, ...(namespace === undefined ? {} : { namespace }), ...name }
  // The policy about namespaces of tenants asks kube-apiserver about this right.
  if (message.includes('seca-tenant-labels')) return { account, verb: 'bind', group: 'operator.secapi.cloud', resource: 'tenants' }
  return { account, verb: message, group: '?', resource: '?' }
}

const nameOf = ({ verb, group, resource, namespace, name }: Omit<Refusal, 'account'>) =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in ${namespace}`}`

/**
 * Accounts that begin with no right at all, and get each when they were refused for its lack, and not before: what the chart gives has then
 * been missing once, and what it gives and nobody asked for is one too many.
 */
export class RightsOnDemand {
  /** What was refused before it was given, in this order. */
  readonly given: Right[] = []
  /** What was refused, and the chart has nothing for. */
  readonly beyond = new Set<string>()
  readonly #client: KubeClient
  readonly #file: string
  readonly #rights: Right[] = []
  readonly #stopped = new AbortController()
  #read = 0
  #running: Promise<void> = Promise.resolve()

  constructor(client: KubeClient, file: string) {
    this.#client = client
    this.#file = file
  }

  /** Takes the rights that the chart would give these accounts, and begins to watch. */
  async start(objects: readonly Rendered[], accounts: readonly string[]): Promise<void> {
    for (const binding of objects as readonly Binding[]) {
      const account = binding.subjects?.find(({ kind, name }) => kind === 'ServiceAccount' && accounts.includes(name))?.name
      if (account === undefined) continue
      const { kind, name } = binding.roleRef
      const { namespace } = binding.metadata
      const role = objects.find((one) => one.kind === kind && one.metadata.name === name && one.metadata.namespace === namespace)
      if (role?.rules === undefined) {
        const own = await this.#client.get<{ rules: readonly PolicyRule[] }>(KUBERNETES[kind], namespace, name)
        this.#rights.push({ account, text: `what ${name} allows`, covers: coversOf(own.rules, namespace), binding })
        await this.#client.delete(KUBERNETES[binding.kind as 'RoleBinding'], namespace, binding.metadata.name, {}).catch(ifNotFound)
        continue
      }
      const metadata = { name, ...(namespace === undefined ? {} : { namespace }) }
      // Replicas take the first of some numbered Leases that is free: one of them stands for all.
      const rules = Map.groupBy(coversOf(role.rules as readonly PolicyRule[], namespace), (one) =>
        nameOf(MEMBER_LEASES.includes(one.name ?? '') ? { ...one, name: MEMBER_LEASES[0] ?? '' } : one),
      )
      for (const [text, covers] of rules) this.#rights.push({ account, text, covers, role: { kind, metadata } })
      await applyObject(this.#client, KUBERNETES[kind], { ...role, rules: [] })
      await applyObject(this.#client, KUBERNETES[binding.kind as 'RoleBinding'], binding)
    }
    this.#running = this.#run()
  }

  /** Those that nobody was refused for yet. */
  unasked(): string[] {
    return this.#rights.filter((right) => !this.given.includes(right)).map(({ account, text }) => `${account}: ${text}`)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    for (const { signal } = this.#stopped; !signal.aborted; await sleep(50, undefined, { signal }).catch(() => undefined)) {
      const fresh = new Set<Right>()
      for (const refusal of this.#refusals()) {
        const right = this.#rightFor(refusal)
        if (right === undefined) this.beyond.add(`${refusal.account}: ${nameOf(refusal)}`)
        else if (!this.given.includes(right)) fresh.add(right)
      }
      this.given.push(...fresh)
      await this.#give([...fresh])
    }
  }

  #refusals(): Refusal[] {
    const text = readFileSync(this.#file, 'utf8')
    const end = text.lastIndexOf('\n') + 1
    const lines = text.slice(this.#read, end).split('\n').filter(Boolean)
    this.#read = end
    return lines.flatMap((line) => refusalOf(JSON.parse(line) as AuditEvent) ?? [])
  }

  /** The narrowest that would have allowed it. */
  #rightFor({ account, verb, group, resource, namespace, name }: Refusal): Right | undefined {
    const found = this.#rights.filter(
      (right) =>
        right.account === account &&
        right.covers.some(
          (one) =>
            one.verb === verb &&
            one.group === group &&
            one.resource === resource &&
            (one.namespace === undefined || one.namespace === namespace) &&
            (one.name === undefined || one.name === name),
        ),
    )
    return found.find(({ covers }) => covers.some((one) => one.namespace !== undefined)) ?? found[0]
  }

  async #give(fresh: readonly Right[]): Promise<void> {
    for (const { binding } of fresh)
      if (binding !== undefined) await applyObject(this.#client, KUBERNETES[binding.kind as 'RoleBinding'], binding)
    const keys = new Set(fresh.flatMap(({ role }) => (role === undefined ? [] : [JSON.stringify(role)])))
    for (const key of keys) {
      const { kind, metadata } = JSON.parse(key) as NonNullable<Right['role']>
      const all = this.given.filter(({ role }) => JSON.stringify(role) === key).flatMap(({ covers }) => covers)
      const rules = all.map(({ verb, group, resource, name }) => ({
        apiGroups: [group],
        resources: [resource],
        verbs: [verb],
        ...(name === undefined ? {} : { resourceNames: [name] }),
      }))
      await applyObject(this.#client, KUBERNETES[kind], { apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata, rules })
    }
  }
}

function coversOf(rules: readonly Partial<PolicyRule>[], namespace: string | undefined): Omit<Refusal, 'account'>[] {
  return rules.flatMap(({ apiGroups = [], resources = [], verbs = [], resourceNames = [undefined] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          resourceNames.map((name) => ({
            verb,
            group,
            resource,
            ...(namespace === undefined ? {} : { namespace }),
            ...(name === undefined ? {} : { name }),
          })),
        ),
      ),
    ),
  )
}
