import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { catalogue } from '../../src/embedded/catalogue.ts'
import { applyObject } from '../../src/processes/install.ts'
import { allCrds } from '../../src/schema/crd.ts'
import { applyManifests, eventually, kubectl, type Stack, startStack } from '../support/harness.ts'
import { expectNoLeak, expectOneCreateEach, inventoryOf, mutationsOf, wipe } from '../support/audit.ts'
import { everything, type Manifest } from '../support/manifest.ts'
import { type Plane, startPlane } from '../support/plane.ts'
import { Tenant } from '../support/tenant.ts'
import { isSimulated } from '../support/names.ts'

/** Seconds that kube-apiserver is away; SECA_E2E_OUTAGE_S=60 for a long one. */
const OUTAGE_MS = Number(process.env['SECA_E2E_OUTAGE_S'] ?? 5) * 1_000

describe('on a control plane of its own', () => {
  let plane: Plane
  let stack: Stack
  let tenant: Tenant
  let manifests: Manifest[]
  beforeAll(async () => {
    plane = await startPlane()
    stack = await startStack({ kubeconfig: plane.kubeconfig, flags: ['--drift-interval=2s'] })
    tenant = await Tenant.make(stack, { bare: true })
    manifests = everything(tenant, tenant.workspace)
  })
  afterAll(async () => {
    await wipe(stack, plane)
      .finally(() => stack.stop())
      .finally(() => plane.stop())
  })

  it.skipIf(!isSimulated)(
    'nothing is lost while kube-apiserver is away in the middle of the work',
    { timeout: 240_000 + OUTAGE_MS },
    async () => {
      const other = await Tenant.make(stack)
      await other.apply(other.of('InternetGateway', 'changed', { egressOnly: false }), other.of('SecurityGroup', 'removed', {}))
      await other.ready('SecurityGroup', 'removed')
      const [changed, removed] = [await other.behind('InternetGateway', 'changed'), await other.behind('SecurityGroup', 'removed')]

      await stack.cloud.latency(400)
      await applyManifests(manifests, plane)
      await eventually(async () => (await mutationsOf(stack, tenant)).length >= 6, { everyMs: 10 })
      await plane.killApiserver()
      await stack.cloud.change(changed.id, { egress_only: true })
      await stack.cloud.remove(removed.id)
      await sleep(OUTAGE_MS)
      await stack.cloud.latency(50)
      await plane.startApiserver()
      await tenant.allReady(manifests, 120_000)
      await expectNoLeak(stack, tenant)
      await expectOneCreateEach(stack, tenant)
      expect(await tenant.events({ reason: 'Recreating' })).toEqual([])
      // What was changed in the cloud meanwhile is put right.
      await eventually(async () => expect(await stack.cloud.object(changed.id)).toMatchObject({ egress_only: false }))
      await other.until('SecurityGroup', 'removed', ({ status }) => status?.state === 'active' && status.externalId !== removed.id)
      await expectNoLeak(stack, other)
      await other.delete('InternetGateway', 'changed')
      await other.delete('SecurityGroup', 'removed')
      await other.delete('Workspace', other.workspace)
      await other.gone('Workspace', other.workspace)
      // The process that was there before is there still.
      expect(stack.logs('controllers').match(/serving health and metrics/g)).toHaveLength(1)
      expect((await fetch(`${stack.healthUrl}/livez`)).status).toBe(200)
    },
  )

  it(
    'removing the CRDs lets go of the objects and leaves the cloud as it is; installed again, everything is found again',
    { timeout: 300_000 },
    async () => {
      const ids = async () => (await inventoryOf(stack, tenant)).map(({ id }) => id).toSorted()
      const before = await ids()
      expect(before).toHaveLength(14)
      const since = (await stack.cloud.mutations()).at(-1)?.seq ?? 0
      const names = allCrds().map(({ metadata }) => metadata.name)
      const infrastructure = await Promise.all(
        (['CloudProvider', 'Region'] as const).map(async (kind) =>
          tenant.of(kind, NAMES[kind], (await tenant.get(kind, NAMES[kind])).spec),
        ),
      )
      await kubectl(['delete', 'crds', ...names, '--timeout=120s'], plane)
      expect(await ids()).toEqual(before)
      expect((await stack.cloud.mutations(since)).filter(({ by, action }) => by === 'api' && action === 'delete')).toEqual([])

      await plane.install()
      await tenant.apply(...infrastructure)
      for (const { kind, object } of catalogue('eu-1')) await applyObject(stack.client, kind.gvr, object)
      await applyManifests(manifests, plane)
      await tenant.allReady(manifests, 180_000)
      expect(await ids()).toEqual(before)
      expect(
        (await stack.cloud.mutations(since)).filter(({ by, action }) => by === 'api' && ['create', 'delete'].includes(action)),
      ).toEqual([])
      await expectNoLeak(stack, tenant)
    },
  )
})

const NAMES = { CloudProvider: 'simulator', Region: 'eu-1' } as const
