import { MEMBER_LEASE } from '../../kinds/names.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeClient } from '../../kube/client.ts'
import { ifNotFound } from '../../kube/errors.ts'
import type { KubeObject } from '../../kube/gvr.ts'
import type { Table } from './table.ts'

interface Lease extends KubeObject {
  readonly spec?: { readonly holderIdentity?: string }
}

/** Names of the replicas' own Leases: numbered, so that there are no more of them than there were replicas at a time, and nobody need delete any. */
export class MemberLeases {
  readonly #client: KubeClient
  readonly #namespace: string
  readonly #identity: string

  constructor(client: KubeClient, namespace: string, identity: string) {
    this.#client = client
    this.#namespace = namespace
    this.#identity = identity
  }

  /** The first one that no member has, and nobody else. */
  async free(table: Table | undefined, signal: AbortSignal): Promise<string> {
    const taken = new Set(Object.values(table?.members ?? {}).map(({ lease }) => lease))
    for (let number = 0; ; number++) {
      const name = MEMBER_LEASE + number
      if (!taken.has(name) && (await this.isFree(name, signal))) return name
    }
  }

  /** Whether nobody else has it. */
  async isFree(name: string, signal: AbortSignal): Promise<boolean> {
    const lease = await this.#client.get<Lease>(KUBERNETES.Lease, this.#namespace, name, signal).catch(ifNotFound)
    return ['', this.#identity].includes(lease?.spec?.holderIdentity ?? '')
  }
}
