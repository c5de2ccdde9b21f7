import { setTimeout as sleep } from 'node:timers/promises'
import { createProgress } from '../../src/cli/progress.ts'
import { TENANT_LABEL, WORKSPACE_LABEL } from '../../src/kinds/names.ts'
import { CloudProvider } from '../../src/kinds/operator/cloud-provider.ts'
import type { Resource } from '../../src/kinds/resource.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { isNotFound } from '../../src/kube/errors.ts'
import { tenantNamespace } from '../../src/embedded/seed.ts'
import { applyObject } from '../../src/processes/install.ts'
import { type OpenStack, startOpenStack } from '../openstack/bed/bed.ts'
import { type Call, Faults } from '../openstack/faults.ts'
import { ACCOUNT, provide } from '../openstack/provide.ts'
import { kstatus } from '../support/kstatus.ts'
import { REGION } from '../support/names.ts'
import { kindOf, type Manifest, writerIn } from '../support/manifest.ts'
import { createPlane, type Plane, TENANT, until, type WorldOptions } from './world.ts'

/** As many as this engine's own work needs: what is measured is not the account's budget. */
const UNLIMITED = 10_000
const TIMEOUT_MS = 1_800_000
/** Nothing more is asked for when nothing was for so long. */
const QUIET_MS = 3_000

/** A control plane, and an OpenStack of which every request is counted, whoever makes it. */
export interface OpenStackWorld extends Pick<Plane, 'client' | 'startControllers' | 'stop'> {
  readonly cloud: OpenStack
  /** All requests so far. */
  readonly calls: readonly Call[]
  /** Requests a second that the account may make from now on. */
  setBudget(requestsPerSecond: number): Promise<unknown>
  apply(manifest: Manifest): Promise<unknown>
  remove(manifest: Manifest): Promise<unknown>
  get(manifest: Manifest): Promise<Resource>
  /** Waits for all of them, in whatever order they get there. */
  allReady(manifests: readonly Manifest[]): Promise<void>
  allGone(manifests: readonly Manifest[]): Promise<void>
  /** Until nobody asks OpenStack for anything any more. */
  quiet(): Promise<void>
}

export async function createOpenStackWorld(options: WorldOptions, signal: AbortSignal): Promise<OpenStackWorld> {
  const plane = await createPlane(options)
  const { client, undo } = plane
  try {
    const faults = new Faults()
    const announced = await faults.open()
    undo(() => faults.close())
    const cloud = await startOpenStack({ progress: createProgress(), signal, announced })
    undo(() => cloud.stop())
    faults.lead(cloud.ports)
    await provide(client, { region: cloud.region, user: cloud.demo, settings: {}, requestsPerSecond: UNLIMITED })
    const get = ({ kind, metadata }: Manifest) => client.get<Resource>(kindOf(kind).gvr, metadata.namespace, metadata.name)
    return {
      client,
      startControllers: plane.startControllers,
      stop: plane.stop,
      cloud,
      calls: faults.calls,
      setBudget: (requestsPerSecond) =>
        client.patch(CloudProvider.gvr, undefined, ACCOUNT, { type: 'merge', body: { spec: { requestsPerSecond } } }),
      apply: (manifest) => client.apply(kindOf(manifest.kind).gvr, manifest as never, { fieldManager: 'bench', force: true }),
      remove: ({ kind, metadata }) => client.delete(kindOf(kind).gvr, metadata.namespace, metadata.name),
      get,
      allReady: (manifests) => all(manifests, 'ready', async (one) => isReady(await get(one))),
      allGone: (manifests) =>
        all(manifests, 'gone', async (one) => {
          try {
            await get(one)
            return false
          } catch (error) {
            if (isNotFound(error)) return true
            throw error
          }
        }),
      async quiet() {
        for (let seen = -1; seen !== faults.calls.length; await sleep(QUIET_MS)) seen = faults.calls.length
      },
    }
  } catch (error) {
    await plane.stop()
    throw error
  }
}

function isReady(object: Resource): boolean {
  const verdict = kstatus(object)
  const conditions = object.status?.conditions ?? []
  if (verdict === 'Failed') throw new Error(`${object.kind} ${object.metadata.name} failed: ${JSON.stringify(conditions)}`)
  return verdict === 'Current' && conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
}

/** The next one is asked for when the one before is there: the last one of them decides. */
async function all(manifests: readonly Manifest[], what: string, is: (manifest: Manifest) => Promise<boolean>): Promise<void> {
  for (const one of manifests)
    await until(`${one.kind} ${one.metadata.name} is ${what}`, async () => (await is(one)) || undefined, {
      timeoutMs: TIMEOUT_MS,
      everyMs: 50,
    })
}

/** Makes a workspace, and answers who writes manifests of what is in it. It asks nothing of the cloud, and stays. */
export async function makePlace({ client, apply, allReady }: OpenStackWorld, workspace: string): Promise<ReturnType<typeof writerIn>> {
  const home = tenantNamespace(TENANT)
  const space = `${home.metadata.name}--${workspace}`
  await applyObject(client, KUBERNETES.Namespace, home)
  const labels = { [TENANT_LABEL]: TENANT, [WORKSPACE_LABEL]: workspace }
  await applyObject(client, KUBERNETES.Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: space, labels } })
  const writer = writerIn(home.metadata.name, space)
  const manifest = writer.of('Workspace', workspace, { region: REGION })
  await apply(manifest)
  await allReady([manifest])
  return writer
}
