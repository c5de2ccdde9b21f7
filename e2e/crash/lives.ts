import { expect } from 'vitest'
import { applyManifests, eventually, kubectl, type Stack } from '../support/harness.ts'
import { objectsOf } from '../support/audit.ts'
import { everything, type Manifest } from '../support/manifest.ts'
import { Tenant } from '../support/tenant.ts'
import type { Fire } from './fire.ts'

/** A short Lease, and calls that are given up soon: what was on the road is waited for as long as that. */
export const FLAGS = ['--lease=2s', '--lease-renew=1500ms', '--lease-retry=200ms', '--call-timeout=6s', '--workers=8']
/** One of so many points is struck, and 1 is all of them, in as many lives as it takes. */
export const STRIDE = Number(process.env['SECA_E2E_POINTS'] ?? 24)
export const SEED = process.env['SECA_E2E_SEED'] ?? String(Date.now() % 1_000_000)
/** Of a smaller share than one of so many, what one life meets will do. */
const FEW = 8
/** Strikes of one phase of a life at the most: what comes of them is looked at before the next. */
const MOST = 30
const PATIENCE_MS = 240_000

/** What a cloud says of a tenant. */
export interface Witness {
  /** Everything that the cloud has of it. */
  idsOf(tenant: Tenant): Promise<readonly string[]>
  /** Throws where something is there twice, was made twice, or stands for nothing. */
  expectWhole(tenant: Tenant): Promise<void>
  /** A manifest as it is in the second phase of a life. */
  changeOf(manifest: Manifest): Manifest
  /** Throws until the cloud has these changes. */
  expectChanged(tenant: Tenant, changed: readonly Manifest[]): Promise<void>
  /** Throws where what was made went otherwise than once each. */
  expectGone(tenant: Tenant, made: readonly string[]): Promise<void>
}

/** Which points to strike, and how many of them still. */
export class Strikes {
  left = 0
  readonly isWanted = (point: string): boolean => isChosen(point) && this.left-- > 0
}

/** The same share of the points in each run with this seed. */
function isChosen(point: string): boolean {
  let hash = 2_166_136_261
  for (const letter of `${SEED} ${point}`) hash = Math.imul(hash ^ letter.codePointAt(0)!, 16_777_619) >>> 0
  return (hash ^ (hash >>> 15)) % STRIDE === 0
}

interface Options {
  readonly stack: Pick<Stack, 'client' | 'cloud'>
  readonly fire: Fire
  readonly strikes: Strikes
  readonly witness: Witness
  /** What kind of cloud it is, to tell the reader. */
  readonly title: string
}

/** Lives of tenants under fire, until a life meets no point that was not struck. */
export async function livesUnderFire(options: Options): Promise<void> {
  const { fire, title } = options
  for (let before = -1, life = 1; before < fire.struck.size; life++) {
    before = fire.struck.size
    const at = performance.now()
    await live(options)
    const seconds = Math.round((performance.now() - at) / 1_000)
    console.log(
      `${title}: life ${life}: ${fire.struck.size - before} strikes in ${seconds} s; ${fire.struck.size} of ${fire.met.size} points`,
    )
    if (STRIDE > FEW) break
  }
  expect(fire.struck.size).toBeGreaterThan(STRIDE > FEW ? 5 : 100)
}

/** The life of a tenant with one object of each kind and more, from the first manifest until the cloud has nothing of it. */
async function live({ stack, fire, strikes, witness }: Options): Promise<void> {
  const tenant = await Tenant.make(stack, { bare: true })
  const manifests = everything(tenant, tenant.workspace)
  /** What the user does under fire, and then, without: nobody helps, and it is as was asked for. */
  const phase = async (name: string, act: () => Promise<unknown>, settled: () => Promise<unknown>) => {
    fire.points.begin(name)
    strikes.left = MOST
    fire.resume()
    await act()
    await settled()
    await fire.cease()
    fire.points.begin('')
    await settled()
  }
  await phase(
    'create',
    () => applyManifests(manifests.toReversed()),
    () => tenant.allReady(manifests, PATIENCE_MS),
  )
  await witness.expectWhole(tenant)
  const made = await witness.idsOf(tenant)

  const changed = manifests.map((manifest) => witness.changeOf(manifest))
  await phase(
    'change',
    () => applyManifests(changed),
    async () => {
      await tenant.allReady(changed, PATIENCE_MS)
      await eventually(() => witness.expectChanged(tenant, changed))
    },
  )
  expect(await witness.idsOf(tenant)).toEqual(made)

  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests })
  await phase(
    'delete',
    () => kubectl(['delete', '-f', '-', '--wait=false'], { input }),
    () => eventually(async () => expect(await objectsOf(stack, tenant)).toEqual([]), { timeoutMs: PATIENCE_MS }),
  )
  expect(await witness.idsOf(tenant)).toEqual([])
  await witness.expectGone(tenant, made)
}

/** The same with other fields, and a label. */
export function changed(manifest: Manifest, fields: Readonly<Record<string, object>>): Manifest {
  const spec = { ...manifest.spec, ...fields[`${manifest.kind}/${manifest.metadata.name}`] }
  return { ...manifest, metadata: { ...manifest.metadata, labels: { turn: 'two' } }, spec }
}
