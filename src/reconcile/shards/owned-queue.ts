import { type Priority, type QueueOptions, WorkQueue } from '../../kube/queue.ts'

/** A queue that takes only keys whose work is this process's. */
export class OwnedQueue extends WorkQueue {
  readonly #isOurs: (key: string) => boolean

  constructor(options: QueueOptions, isOurs: (key: string) => boolean) {
    super(options)
    this.#isOurs = isOurs
  }

  override add(key: string, options?: { priority?: Priority; afterMs?: number }): void {
    if (this.#isOurs(key)) super.add(key, options)
  }
}
