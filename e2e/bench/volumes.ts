import { BlockStorage } from '../../src/kinds/storage/block-storage.ts'
import { Workspace } from '../../src/kinds/workspace/workspace.ts'
import type { Resource } from '../../src/kinds/resource.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { REGION } from '../support/names.ts'
import { TENANT, until } from './world.ts'

/** Volumes per workspace, and workspaces at the most. */
const PER_WORKSPACE = 50
const WORKSPACES = 200

/** Requests that the benchmark's own client has under way at once; the controllers work on as many objects (their default). */
export const CONCURRENCY = 16

/** A volume as a user writes it. */
export function volume(namespace: string, name: string) {
  return {
    apiVersion: BlockStorage.apiVersion,
    kind: BlockStorage.kind,
    metadata: { name, namespace },
    spec: { sizeGB: 50, skuRef: { resource: 'skus/rd100' } },
  }
}

/** Runs `work` on all items, so many at a time. */
export async function inParallel<T>(items: Iterable<T>, work: (item: T) => Promise<unknown>, concurrency = CONCURRENCY): Promise<void> {
  const iterator = items[Symbol.iterator]()
  const worker = async () => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

/** Makes workspaces and waits until they are ready; resolves with their namespaces. The controllers must run. */
export async function makeWorkspaces(client: KubeClient, names: readonly string[]): Promise<string[]> {
  const namespace = `seca-${TENANT}`
  await inParallel(names, (name) =>
    client.create(Workspace.gvr, namespace, {
      apiVersion: Workspace.apiVersion,
      kind: Workspace.kind,
      metadata: { name, namespace },
      spec: { region: REGION },
    }),
  )
  const isReady = async (name: string) =>
    (await client.get<Resource>(Workspace.gvr, namespace, name)).status?.state === 'active' || undefined
  for (const name of names) await until(`workspace ${name} is ready`, () => isReady(name), { timeoutMs: 60_000, everyMs: 100 })
  return names.map((name) => `${namespace}--${name}`)
}

/** Workspaces that `count` volumes are spread over. */
export function workspacesFor(count: number): string[] {
  return Array.from({ length: Math.min(WORKSPACES, Math.ceil(count / PER_WORKSPACE)) }, (_, index) => `w${index}`)
}

/** Names of volumes `from` to `to`, with the namespace that each belongs to. */
export function* places(namespaces: readonly string[], from: number, to: number): Generator<{ namespace: string; name: string }> {
  for (let index = from; index < to; index++) yield { namespace: namespaces[index % namespaces.length] ?? '', name: `v${index}` }
}

interface Watched {
  /** Resolves with `performance.now()` when the event of the last one was there. */
  readonly done: Promise<number>
  stop(): void
}

/** Watches one namespace until `count` objects have been `ready`, or are `gone`. Counts lines by text, so that it costs little. */
async function watchVolumes(client: KubeClient, namespace: string, what: 'ready' | 'gone', count: number): Promise<Watched> {
  const stop = new AbortController()
  const version = await listVersion(client, namespace)
  const lines = await client.watch(BlockStorage.gvr, { namespace, resourceVersion: version, timeoutSeconds: 600, signal: stop.signal })
  const follow = async () => {
    const seen = new Set<string>()
    for await (const batch of lines)
      for (const line of batch) {
        if (what === 'gone' ? !line.startsWith('{"type":"DELETED"') : !line.includes('"status":"True","type":"Ready"')) continue
        seen.add((JSON.parse(line) as { object: Resource }).object.metadata.name)
        if (seen.size === count) return performance.now()
      }
    throw new Error(`the watch ended after ${seen.size} of ${count}`)
  }
  const done = follow().finally(() => stop.abort())
  done.catch(() => undefined)
  return { done, stop: () => stop.abort() }
}

async function listVersion(client: KubeClient, namespace: string): Promise<string> {
  for await (const page of client.list(BlockStorage.gvr, { namespace, pageSize: 1 })) return page.resourceVersion
  return '0'
}

/** Creates volumes and resolves with the seconds until the last was Ready. */
export async function createUntilReady(client: KubeClient, namespace: string, names: readonly string[]): Promise<number> {
  const ready = await watchVolumes(client, namespace, 'ready', names.length)
  const start = performance.now()
  await inParallel(names, (name) => client.create(BlockStorage.gvr, namespace, volume(namespace, name)))
  return ((await ready.done) - start) / 1000
}

/** Deletes volumes and resolves with the seconds until the last was gone. */
export async function deleteUntilGone(client: KubeClient, namespace: string, names: readonly string[]): Promise<number> {
  const gone = await watchVolumes(client, namespace, 'gone', names.length)
  const start = performance.now()
  await inParallel(names, (name) => client.delete(BlockStorage.gvr, namespace, name))
  return ((await gone.done) - start) / 1000
}
