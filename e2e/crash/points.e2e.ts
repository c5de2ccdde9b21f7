import { afterEach, describe, expect, it } from 'vitest'
import { BESIDE } from '../../src/kinds/names.ts'
import { expectNoLeak, expectOneCreateEach, inventoryOf, mutationsOf, objectsOf, wipe } from '../support/audit.ts'
import { applyManifests, eventually, kubectl, type Stack, startStack } from '../support/harness.ts'
import { everything, type Manifest } from '../support/manifest.ts'
import { Tenant } from '../support/tenant.ts'
import { Fire } from './fire.ts'

/** A short Lease, and calls that are given up soon: what was on the road is waited for as long as that. */
const FLAGS = ['--lease=2s', '--lease-renew=1500ms', '--lease-retry=200ms', '--call-timeout=6s', '--workers=8']
/** One of so many points is struck, and 1 is all of them, in as many lives as it takes. */
const STRIDE = Number(process.env['SECA_E2E_POINTS'] ?? 24)
/** Of a smaller share than one of so many, what one life meets will do. */
const FEW = 8
const SEED = process.env['SECA_E2E_SEED'] ?? String(Date.now() % 1_000_000)
/** Strikes of one phase of a life at the most: what comes of them is looked at before the next. */
const MOST = 30
const PATIENCE_MS = 240_000

let stack: Stack | undefined
let fire: Fire | undefined
afterEach(async () => {
  await fire?.close()
  await stack?.stop()
})

/** The same share of the points in each run with this seed. */
function isChosen(point: string): boolean {
  let hash = 2_166_136_261
  for (const letter of `${SEED} ${point}`) hash = Math.imul(hash ^ letter.codePointAt(0)!, 16_777_619) >>> 0
  return (hash ^ (hash >>> 15)) % STRIDE === 0
}

describe.each(['neat', 'tokenless,lagging'])('on a cloud that is %s', (characters) => {
  it(
    `a tenant comes, changes and goes, whatever is killed, stopped or cut off at any request (seed ${SEED})`,
    { timeout: 5_400_000 },
    async () => {
      stack = await startStack({ characters: characters.split(','), latencyMs: 20 })
      await stack.halt('controllers')
      const account = JSON.parse(await kubectl(['get', 'cloudprovider', 'simulator', '-o', 'json'])) as {
        spec: { settings: { endpoint: string } }
      }
      let left = 0
      fire = new Fire({ stack, cloudUrl: account.spec.settings.endpoint, flags: FLAGS, isWanted: (point) => isChosen(point) && left-- > 0 })
      await fire.open()
      // A leader that is killed before anything of ours is there meets strangers alone in the account.
      const settings = { metadata: { annotations: { [BESIDE]: 'other' } }, spec: { settings: { endpoint: fire.cloudUrl } } }
      await kubectl(['patch', 'cloudprovider', 'simulator', '--type=merge', '-p', JSON.stringify(settings)])
      await fire.start()
      const strangers = await makeStrangers(stack)

      for (let before = -1, life = 1; before < fire.struck.size; life++) {
        before = fire.struck.size
        const at = performance.now()
        await live(stack, fire, (most) => (left = most))
        const seconds = Math.round((performance.now() - at) / 1_000)
        console.log(
          `${characters}: life ${life}: ${fire.struck.size - before} strikes in ${seconds} s; ${fire.struck.size} of ${fire.met.size} points`,
        )
        if (STRIDE > FEW) break
      }
      expect(fire.struck.size).toBeGreaterThan(STRIDE > FEW ? 5 : 100)
      expect((await stack.cloud.mutations(strangers.since)).filter(({ id }) => strangers.ids.includes(id))).toEqual([])
      for (const id of strangers.ids) await stack.cloud.remove(id)
      await wipe(stack)
      expect((await stack.cloud.inventory()).items).toEqual([])
    },
  )
})

/** What others have in the same account: nobody's, and another installation's of the same names. */
async function makeStrangers({ cloud }: Stack): Promise<{ readonly ids: readonly string[]; readonly since: number }> {
  const project = await cloud.create('projects', { name: 'prod', tag: 'other/eu-1/seca.workspace/v1/tenants/t/workspaces/prod' })
  const volume = await cloud.create('volumes', { name: 'data', project: project.id, size_gb: 10 })
  return { ids: [volume.id, project.id], since: (await cloud.stats()).lastMutation }
}

/** The life of a tenant with one object of each kind and more, from the first manifest until the cloud has nothing of it. */
async function live(where: Stack, fires: Fire, allow: (most: number) => void): Promise<void> {
  const tenant = await Tenant.make(where, { bare: true })
  const manifests = everything(tenant, tenant.workspace)
  /** What the user does under fire, and then, without: nobody helps, and it is as was asked for. */
  const phase = async (name: string, act: () => Promise<unknown>, settled: () => Promise<unknown>) => {
    fires.points.begin(name)
    allow(MOST)
    fires.resume()
    await act()
    await settled()
    await fires.cease()
    fires.points.begin('')
    await settled()
  }
  const cloudObjects = async () => (await inventoryOf(where, tenant)).map(({ id }) => id).toSorted()

  await phase(
    'create',
    () => applyManifests(manifests.toReversed()),
    () => tenant.allReady(manifests, PATIENCE_MS),
  )
  await expectNoLeak(where, tenant)
  await expectOneCreateEach(where, tenant)
  const made = await cloudObjects()

  const changed = manifests.map((manifest) => changeOf(manifest))
  await phase(
    'change',
    () => applyManifests(changed),
    async () => {
      await tenant.allReady(changed, PATIENCE_MS)
      for (const { kind, metadata } of changed.filter(({ kind }) => !kind.startsWith('Role')))
        await eventually(async () => expect(await tenant.behind(kind, metadata.name)).toMatchObject({ labels: { turn: 'two' } }))
    },
  )
  expect(await tenant.behind('BlockStorage', 'data')).toMatchObject({ size_gb: 120 })
  expect(await tenant.behind('Instance', 'web')).toMatchObject({ power: 'off' })
  expect(await cloudObjects()).toEqual(made)

  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests })
  await phase(
    'delete',
    () => kubectl(['delete', '-f', '-', '--wait=false'], { input }),
    () => eventually(async () => expect(await objectsOf(where, tenant)).toEqual([]), { timeoutMs: PATIENCE_MS }),
  )
  expect(await cloudObjects()).toEqual([])
  const deletes = (await mutationsOf(where, tenant)).filter(({ action }) => action === 'delete')
  expect(deletes.map(({ id }) => id).toSorted()).toEqual(made)
  await expectOneCreateEach(where, tenant)
}

/** A label on everything, and some fields. */
function changeOf(manifest: Manifest): Manifest {
  const fields: Readonly<Record<string, object>> = {
    'BlockStorage/data': { sizeGB: 120 },
    'Instance/web': { powerState: 'off' },
    'InternetGateway/internet': { egressOnly: true },
    'SecurityGroup/web': { rules: [{ direction: 'ingress', version: 'IPv4', protocol: 'tcp', ports: { list: [443] } }] },
  }
  const spec = { ...manifest.spec, ...fields[`${manifest.kind}/${manifest.metadata.name}`] }
  return { ...manifest, metadata: { ...manifest.metadata, labels: { turn: 'two' } }, spec }
}
