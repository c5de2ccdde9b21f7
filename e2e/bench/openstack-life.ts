import type { Call } from '../openstack/faults.ts'
import { everything, type Manifest } from '../support/manifest.ts'
import { byService, byShape } from './openstack-calls.ts'
import { makePlace, type OpenStackWorld } from './openstack-world.ts'
import { grid } from './report.ts'

interface Half {
  readonly seconds: number
  readonly calls: readonly Call[]
}

/** The life of one object, with nothing else going on. */
export interface Life {
  readonly kind: string
  readonly name: string
  readonly ready: Half
  readonly gone: Half
}

interface Lives {
  readonly lives: readonly Life[]
  /** The same objects, applied in one go. */
  readonly atOnce: { readonly objects: number; readonly ready: Half; readonly gone: Half }
}

/**
 * Objects of a tenant, one after the other on top of what they need, and taken away the other way round. Before that all at once, so that
 * nothing that is asked for once (a token, versions, volume types) counts as the first one's.
 */
export async function measureLives(world: OpenStackWorld, log: (line: string) => void): Promise<Lives> {
  const during = async (work: () => Promise<void>): Promise<Half> => {
    const [from, start] = [world.calls.length, performance.now()]
    await work()
    const seconds = (performance.now() - start) / 1000
    // What it woke is its doing, too.
    await world.quiet()
    return { seconds, calls: world.calls.slice(from) }
  }
  const manifests = await makeTenant(world, 'at-once')
  const ready = await during(async () => {
    for (const one of manifests) await world.apply(one)
    await world.allReady(manifests)
  })
  log(`a tenant of ${manifests.length} objects at once: ready after ${ready.seconds.toFixed(0)} s, ${ready.calls.length} requests`)
  const gone = await during(async () => {
    for (const one of manifests.toReversed()) await world.remove(one)
    await world.allGone(manifests)
  })
  const others = await makeTenant(world, 'life')
  const made = new Map<string, Half>()
  for (const one of others) {
    const half = await during(async () => {
      await world.apply(one)
      await world.allReady([one])
    })
    made.set(`${one.kind} ${one.metadata.name}`, half)
    log(`${one.kind} ${one.metadata.name}: ${half.calls.length} requests to Ready`)
  }
  const lives: Life[] = []
  for (const one of others.toReversed()) {
    const half = await during(async () => {
      await world.remove(one)
      await world.allGone([one])
    })
    log(`${one.kind} ${one.metadata.name}: ${half.calls.length} requests to gone`)
    lives.unshift({
      kind: one.kind,
      name: one.metadata.name,
      ready: made.get(`${one.kind} ${one.metadata.name}`) ?? half,
      gone: half,
    })
  }
  return { lives, atOnce: { objects: manifests.length, ready, gone } }
}

/** A ready workspace, and manifests of what is to be in it. */
export async function makeTenant(world: OpenStackWorld, workspace: string): Promise<readonly Manifest[]> {
  const place = await makePlace(world, workspace)
  return everything(place, workspace).filter(({ kind }) => !['Workspace', 'Role', 'RoleAssignment'].includes(kind))
}

export function livesTable({ lives, atOnce }: Lives): string {
  const row = (name: string, { ready, gone }: Pick<Life, 'ready' | 'gone'>) => [
    name,
    String(ready.calls.length),
    byService(ready.calls),
    String(gone.calls.length),
    byService(gone.calls),
  ]
  const inCloud = lives.filter(({ ready, gone }) => ready.calls.length + gone.calls.length > 0)
  return grid([
    ['Object', 'To Ready', 'by service', 'To gone', 'by service'],
    ...inCloud.map((life) => row(`${life.kind} ${life.name}`, life)),
    row(`all ${atOnce.objects} at once`, atOnce),
  ])
}

/** For the file with all figures. */
export function livesDetail({ lives }: Lives): object {
  return lives.map(({ kind, name, ready, gone }) => ({
    kind,
    name,
    ready: { seconds: ready.seconds, calls: byShape(ready.calls) },
    gone: { seconds: gone.seconds, calls: byShape(gone.calls) },
  }))
}
