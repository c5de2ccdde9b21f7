import { SecaError } from '../errors.ts'
import type { KubeClient } from '../kube/client.ts'

/** What the duties need of a client. */
export type Cluster = Pick<KubeClient, 'get' | 'list' | 'create' | 'apply' | 'patch' | 'delete'>

/** Leadership ended between a look and the write that follows from it. */
export class NotLeadingError extends SecaError {
  constructor() {
    super('KubernetesUnavailable', 'this process does not lead for sure any more: nothing was written, whoever leads goes on')
    this.name = 'NotLeadingError'
  }
}

/** A client whose every write asks right before whether this process still leads. Throws {@link NotLeadingError} when it does not. */
export function fenced(client: Cluster, mayAct: () => boolean): Cluster {
  const check = () => {
    if (!mayAct()) throw new NotLeadingError()
    return client
  }
  return {
    get: (...args) => client.get(...args),
    list: (...args) => client.list(...args),
    create: async (...args) => check().create(...args),
    apply: async (...args) => check().apply(...args),
    patch: async (...args) => check().patch(...args),
    delete: async (...args) => check().delete(...args),
  }
}
