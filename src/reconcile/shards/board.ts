import { SHARDS, SHARDS_LEASE } from '../../kinds/names.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeClient } from '../../kube/client.ts'
import { ifNotFound, isConflict, isNotFound } from '../../kube/errors.ts'
import type { KubeObject } from '../../kube/gvr.ts'
import { parseTable, type Table, textOf } from './table.ts'

/** The table as it was read, and what its next version has to follow. */
export interface Seen {
  /** Undefined: there is none, or nothing that can be read. */
  readonly table: Table | undefined
  readonly object: KubeObject | undefined
}

/** Where the table hangs: read by all, written only in the place of what was read. */
export class Board {
  readonly #client: KubeClient
  readonly #namespace: string

  constructor(client: KubeClient, namespace: string) {
    this.#client = client
    this.#namespace = namespace
  }

  async read(signal: AbortSignal): Promise<Seen> {
    const object = await this.#client.get<KubeObject>(KUBERNETES.Lease, this.#namespace, SHARDS_LEASE, signal).catch(ifNotFound)
    return { object, table: parseTable(object?.metadata.annotations?.[SHARDS]) }
  }

  /** Undefined: somebody was quicker, read again. */
  async write({ object }: Seen, table: Table, signal: AbortSignal): Promise<Seen | undefined> {
    const annotations = { ...object?.metadata.annotations, [SHARDS]: textOf(table) }
    try {
      if (object !== undefined) {
        const next = { ...object, metadata: { ...object.metadata, annotations } }
        return { table, object: await this.#client.replace<KubeObject>(KUBERNETES.Lease, next, signal) }
      }
      const metadata = { name: SHARDS_LEASE, namespace: this.#namespace, annotations }
      const made = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: {} }
      return { table, object: await this.#client.create<KubeObject>(KUBERNETES.Lease, this.#namespace, made, signal) }
    } catch (error) {
      // Deleted meanwhile counts as changed meanwhile.
      if (isConflict(error) || isNotFound(error)) return undefined
      throw error
    }
  }
}
