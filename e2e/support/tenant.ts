import { expect } from 'vitest'
import type { CommonStatus, Condition } from '../../src/kinds/common.ts'
import { TENANT_LABEL, WORKSPACE_LABEL } from '../../src/kinds/names.ts'
import type { Resource } from '../../src/kinds/resource.ts'
import { applyObject } from '../../src/processes/install.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { tenantNamespace } from '../../src/embedded/seed.ts'
import { isNotFound } from '../../src/kube/errors.ts'
import { eventually, type Stack, uniqueTenant } from './harness.ts'
import { kstatus } from './kstatus.ts'
import { type Extra, kindOf, type Manifest, writerIn } from './manifest.ts'

/** An object as it is read in tests: any kind's status. */
export type Seen = Pick<Resource, 'apiVersion' | 'kind' | 'metadata'> & {
  readonly spec: Record<string, unknown>
  readonly status?: Partial<CommonStatus> & Record<string, unknown>
}

interface SeenEvent {
  readonly type: string
  readonly reason: string
  readonly note: string
  readonly series?: { readonly count: number }
  readonly regarding: { readonly kind: string; readonly name: string }
}

export const conditionOf = (object: Seen, type: string): Condition | undefined =>
  object.status?.conditions?.find((condition) => condition.type === type)

/** One tenant with one workspace, in namespaces that an administrator labelled, and what tests do in it. */
export class Tenant {
  readonly name: string
  readonly workspace: string
  /** Namespace of the tenant. */
  readonly home: string
  /** Namespace of the workspace. */
  readonly space: string
  readonly #stack: Pick<Stack, 'client' | 'cloud'>

  constructor(stack: Pick<Stack, 'client' | 'cloud'>, name = uniqueTenant(), workspace = 'prod') {
    this.#stack = stack
    this.name = name
    this.workspace = workspace
    this.home = tenantNamespace(name).metadata.name
    this.space = `${this.home}--${workspace}`
  }

  /** Makes the tenant; with its workspace unless told. */
  static async make(
    stack: Pick<Stack, 'client' | 'cloud'>,
    options: { region?: string; prefix?: string; bare?: true } = {},
  ): Promise<Tenant> {
    const tenant = new Tenant(stack, uniqueTenant(options.prefix))
    await tenant.namespaces()
    if (options.bare !== true) await tenant.apply(tenant.of('Workspace', tenant.workspace, { region: options.region ?? 'eu-1' }))
    return tenant
  }

  async namespaces(): Promise<void> {
    const labels = { [TENANT_LABEL]: this.name, [WORKSPACE_LABEL]: this.workspace }
    await applyObject(this.#stack.client, KUBERNETES.Namespace, tenantNamespace(this.name))
    await applyObject(this.#stack.client, KUBERNETES.Namespace, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: this.space, labels },
    })
  }

  readonly of = (kindName: string, name: string, spec?: object, extra: Extra = {}): Manifest =>
    writerIn(this.home, this.space).of(kindName, name, spec, extra)

  async apply(...manifests: readonly Manifest[]): Promise<void> {
    for (const manifest of manifests)
      await this.#stack.client.apply(kindOf(manifest.kind).gvr, manifest as never, { fieldManager: 'kubectl', force: true })
  }

  #placeOf(kindName: string): string | undefined {
    return this.of(kindName, '').metadata.namespace
  }

  get(kindName: string, name: string): Promise<Seen> {
    return this.#stack.client.get<Seen>(kindOf(kindName).gvr, this.#placeOf(kindName), name)
  }

  /** Merge patch, as `kubectl edit` sends it. */
  async edit(kindName: string, name: string, body: { spec?: object; metadata?: object }): Promise<Seen> {
    return this.#stack.client.patch<Seen>(kindOf(kindName).gvr, this.#placeOf(kindName), name, { type: 'merge', body })
  }

  annotate(kindName: string, name: string, annotations: Readonly<Record<string, string | null>>): Promise<Seen> {
    return this.edit(kindName, name, { metadata: { annotations } })
  }

  async delete(kindName: string, name: string): Promise<void> {
    await this.#stack.client.delete(kindOf(kindName).gvr, this.#placeOf(kindName), name, {})
  }

  /** Waits until `check` accepts the object: until it neither throws nor says false. */
  async until(kindName: string, name: string, check: (object: Seen) => unknown, timeoutMs = 60_000): Promise<Seen> {
    let object: Seen | undefined
    await eventually(
      async () => {
        object = await this.get(kindName, name)
        try {
          return check(object) !== false
        } catch (error) {
          throw new Error(`${kindName} ${name}: ${(error as Error).message}\n${JSON.stringify(object.status)}`, { cause: error })
        }
      },
      { timeoutMs },
    )
    return object!
  }

  /** Waits until kstatus calls the object current. */
  ready(kindName: string, name: string, timeoutMs?: number): Promise<Seen> {
    return this.until(kindName, name, (object) => expect(kstatus(object)).toBe('Current'), timeoutMs)
  }

  async allReady(manifests: readonly Manifest[], timeoutMs?: number): Promise<void> {
    for (const { kind, metadata } of manifests) await this.ready(kind, metadata.name, timeoutMs)
  }

  /** Waits for a condition with a reason, and a message that holds `words`. */
  stuck(
    kindName: string,
    name: string,
    type: 'Ready' | 'Stalled' | 'Synced',
    reason: string,
    words: string,
    timeoutMs?: number,
  ): Promise<Seen> {
    const status = type === 'Stalled' ? 'True' : 'False'
    return this.until(
      kindName,
      name,
      (object) => expect(conditionOf(object, type)).toMatchObject({ status, reason, message: expect.stringContaining(words) }),
      timeoutMs,
    )
  }

  async exists(kindName: string, name: string): Promise<boolean> {
    try {
      await this.get(kindName, name)
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  async gone(kindName: string, name: string, timeoutMs = 60_000): Promise<void> {
    await eventually(
      async () => {
        if (!(await this.exists(kindName, name))) return true
        const object = await this.get(kindName, name)
        throw new Error(`${kindName} ${name} is still there: ${JSON.stringify(object.status?.conditions)}`)
      },
      { timeoutMs },
    )
  }

  /** The cloud's object behind one of ours. */
  async behind(kindName: string, name: string): Promise<Readonly<Record<string, unknown>> & { readonly id: string }> {
    const { status } = await this.get(kindName, name)
    return this.#stack.cloud.object(status?.externalId ?? 'nothing')
  }

  /** Events about objects of this tenant. */
  async events(filter: { kind?: string; name?: string; reason?: string } = {}): Promise<SeenEvent[]> {
    const found: SeenEvent[] = []
    for (const namespace of [this.home, this.space])
      for await (const { items } of this.#stack.client.list<SeenEvent>(KUBERNETES.Event, { namespace })) found.push(...items)
    return found.filter(
      ({ reason, regarding }) =>
        (filter.reason ?? reason) === reason &&
        (filter.kind ?? regarding.kind) === regarding.kind &&
        (filter.name ?? regarding.name) === regarding.name,
    )
  }
}
