import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Clock } from '../../kube/clock.ts'
import { ifNotFound, isConflict, isNotFound } from '../../kube/errors.ts'
import type { KubeObject } from '../../kube/gvr.ts'
import type { Member } from './table.ts'

interface Lease extends KubeObject {
  readonly spec?: { readonly holderIdentity?: string; readonly leaseDurationSeconds?: number }
}

/** By their ids in the table. */
type Members = readonly (readonly [id: string, member: Member])[]

export interface PeersOptions {
  readonly client: KubeClient
  readonly namespace: string
  /** How long a Lease lasts that is not there to say so itself. */
  readonly leaseMs: number
  readonly clock: Clock
}

/**
 * Judges whether a member's term is over: by its Lease alone, as the elector does, by how long that was seen unchanged. Whoever has let
 * that time pass is shut out first, by a write in the place of the very version that was seen: a renewal that is still on its way does not
 * fit any more. Asked only about members of a table that was read before: a term that was in it had its Lease then.
 */
export class Peers {
  readonly #options: PeersOptions
  /** What was last seen of a Lease, and since when. */
  readonly #seen = new Map<string, { readonly version: string; readonly at: number }>()

  constructor(options: PeersOptions) {
    this.#options = options
  }

  /** Of some members those whose terms are over for sure; `ask` bounds each question. */
  async ended(
    members: Members,
    mayShut: boolean,
    ask: <T>(question: (signal: AbortSignal) => Promise<T>) => Promise<T>,
  ): Promise<ReadonlySet<string>> {
    const isEnded = ([id, member]: Members[number]) =>
      ask((signal) => this.isOver(member, mayShut, signal)).then((isOver) => (isOver ? [id] : []))
    return new Set((await Promise.all(members.map(isEnded))).flat())
  }

  /** Whether the term is over for sure. `mayShut`: members that are silent for too long are shut out; else it is only noted how long they have been. */
  async isOver({ lease: name, identity }: Member, mayShut: boolean, signal: AbortSignal): Promise<boolean> {
    const { client, namespace, clock, leaseMs } = this.#options
    const lease = await client.get<Lease>(KUBERNETES.Lease, namespace, name, signal).catch(ifNotFound)
    const { holderIdentity: holder, leaseDurationSeconds = leaseMs / 1000 } = lease?.spec ?? {}
    // Given back, shut out, or another's by now. One that is not there at all may be made anew by its holder.
    if (lease !== undefined && holder !== identity) return true
    const now = clock.now()
    const version = `${identity} ${lease?.metadata.resourceVersion ?? 'none'}`
    const known = this.#seen.get(name)
    const since = known?.version === version ? known.at : now
    this.#seen.set(name, { version, at: since })
    return mayShut && now - since >= leaseDurationSeconds * 1000 && (await this.#shut(name, lease, signal))
  }

  async #shut(name: string, lease: Lease | undefined, signal: AbortSignal): Promise<boolean> {
    const { client, namespace } = this.#options
    const spec = { ...lease?.spec, holderIdentity: '', leaseDurationSeconds: 1 }
    try {
      if (lease !== undefined) await client.replace(KUBERNETES.Lease, { ...lease, spec }, signal)
      else {
        const made = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec }
        await client.create(KUBERNETES.Lease, namespace, made, signal)
      }
      return true
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return false
      throw error
    }
  }
}
