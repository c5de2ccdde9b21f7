import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { BlockStorage } from '../../src/kinds/storage/block-storage.ts'
import type { Resource } from '../../src/kinds/resource.ts'
import type { ApiWorld } from './api-world.ts'
import { residentMemory } from './process.ts'
import type { Figure } from './report.ts'
import { createUntilReady, inParallel, makeWorkspaces, places, volume, workspacesFor } from './volumes.ts'
import { TENANT, type World } from './world.ts'

const MIB = 1024 * 1024
/** V8 gives memory back when the process has been idle for some seconds. */
const SETTLE_MS = 30_000

/** Resident memory of an API, in bytes, with so many volumes: when it has started, and after it was asked for all of them twice. */
interface Memory {
  readonly objects: number
  readonly started: number
  readonly read: number
}

interface Options {
  readonly objects: number
  readonly startApi: () => Promise<ApiWorld>
  readonly log: (line: string) => void
}

/** Memory of an API that has just started, with 0, a tenth and all of the volumes. They look as if they were ready, without a cloud. */
export async function measureMemory(world: World, { objects, startApi, log }: Options): Promise<Memory[]> {
  const controllers = await world.startControllers()
  const namespaces = await makeWorkspaces(world.client, workspacesFor(objects))
  const [first = ''] = namespaces
  await createUntilReady(world.client, first, ['sample'])
  await controllers.stop()
  const sample = await world.client.get<Resource>(BlockStorage.gvr, first, 'sample')
  const { finalizers = [], labels = {} } = sample.metadata
  const all: Memory[] = []
  let from = 0
  for (const to of [0, Math.ceil(objects / 10), objects]) {
    log(`making volumes ${from} to ${to}`)
    await inParallel(places(namespaces, from, to), async ({ namespace, name }) => {
      const body = volume(namespace, name)
      await world.client.create(BlockStorage.gvr, namespace, { ...body, metadata: { ...body.metadata, finalizers, labels } })
      await world.client.patch(BlockStorage.gvr, namespace, name, { type: 'merge', body: { status: sample.status }, subresource: 'status' })
    })
    from = to
    const api = await startApi()
    try {
      await sleep(SETTLE_MS)
      const started = residentMemory(api.pid)
      for (let round = 0; round < 2; round++) await readAll(api, namespaces)
      await sleep(SETTLE_MS)
      const one = { objects: to, started, read: residentMemory(api.pid) }
      all.push(one)
      log(`${to} volumes: ${mib(one.started)}, ${mib(one.read)} after reading`)
    } finally {
      await api.stop()
    }
  }
  return all
}

/** A LIST of each workspace. */
async function readAll({ api }: ApiWorld, namespaces: readonly string[]): Promise<void> {
  const dispatcher = new Agent({ connect: { ca: api.ca } })
  await inParallel(
    namespaces,
    async (namespace) => {
      const workspace = namespace.slice(namespace.indexOf('--') + 2)
      const url = `${api.origin}/providers/seca.storage/v1/tenants/${TENANT}/workspaces/${workspace}/block-storages?limit=1000`
      const { statusCode, body } = await request(url, { headers: api.headers, dispatcher })
      const text = await body.text()
      if (statusCode !== 200) throw new Error(`${url}: ${statusCode} ${text.slice(0, 200)}`)
    },
    4,
  )
  await dispatcher.close()
}

const mib = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB`

export function memoryFigures(all: readonly Memory[]): Figure[] {
  return all.map(({ objects, started, read }) => ({
    name: `memory of the API, ${objects.toLocaleString('en')} volumes`,
    value: mib(started),
    note: `${mib(read)} after a LIST of all of them, twice`,
  }))
}
