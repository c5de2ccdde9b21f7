import { Pool } from 'undici'
import { FIELD_MANAGER, FINALIZER } from '../../src/kinds/names.ts'
import { BlockStorage } from '../../src/kinds/storage/block-storage.ts'
import type { Resource } from '../../src/kinds/resource.ts'
import { fromKubeconfig } from '../../src/kube/config.ts'
import { CONCURRENCY, inParallel, volume } from './volumes.ts'

const PATH = `/apis/${BlockStorage.apiVersion}/namespaces`

/**
 * The yardstick: a bare pooled HTTP client that makes the writes which a volume's life costs (create, finalizer, two status
 * applies, with the bodies that the controllers send) as fast as kube-apiserver takes them. `measured` runs around just that.
 */
export async function rawWrites(
  kubeconfig: string,
  { namespace, names, ready }: { readonly namespace: string; readonly names: readonly string[]; readonly ready: Resource },
  measured: (work: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const { server, tls } = await fromKubeconfig(kubeconfig).load()
  const pool = new Pool(server, { connections: CONCURRENCY, pipelining: 1, connect: tls })
  const send = async (method: 'POST' | 'PATCH', path: string, type: string, body: unknown) => {
    const headers = { accept: 'application/json', 'content-type': type }
    const answer = await pool.request({ method, path, headers, body: JSON.stringify(body) })
    const text = await answer.body.text()
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`)
    return JSON.parse(text) as Resource
  }
  const status = (uid: string, name: string, value: object) =>
    send(
      'PATCH',
      `${PATH}/${namespace}/blockstorages/${name}/status?fieldManager=${FIELD_MANAGER}&force=true`,
      'application/apply-patch+yaml',
      {
        apiVersion: BlockStorage.apiVersion,
        kind: BlockStorage.kind,
        metadata: { name, namespace, uid },
        status: value,
      },
    )
  const creating = creatingStatus(ready)
  const life = async (name: string) => {
    const { metadata } = await send('POST', `${PATH}/${namespace}/blockstorages`, 'application/json', volume(namespace, name))
    await send('PATCH', `${PATH}/${namespace}/blockstorages/${name}`, 'application/json-patch+json', [
      { op: 'test', path: '/metadata/uid', value: metadata.uid },
      { op: 'add', path: '/metadata/finalizers', value: [FINALIZER] },
    ])
    await status(metadata.uid, name, creating)
    await status(metadata.uid, name, ready.status ?? {})
  }
  await measured(() => inParallel(names, life))
  await inParallel(names, async (name) => {
    const path = `${PATH}/${namespace}/blockstorages/${name}`
    await send('PATCH', path, 'application/json-patch+json', [{ op: 'remove', path: '/metadata/finalizers' }])
    await pool.request({ method: 'DELETE', path }).then(({ body }) => body.dump())
  })
  await pool.close()
}

/** The status that stands before the cloud object is made. */
function creatingStatus(ready: Resource): object {
  const { externalId: _id, history = [], conditions = [], ...rest } = ready.status ?? {}
  return {
    ...rest,
    state: 'creating',
    history: history.filter(({ state }) => state !== 'active'),
    conditions: conditions.map((condition) => ({ ...condition, status: 'False', reason: 'Creating' })),
  }
}
