/** No reconcile takes this long: every call in it has a time limit. */
const HANGING_MS = 900_000

/** The reconciles that are under way, to notice one that hangs: that is what a restart heals, unlike an apiserver that is away. */
export class Turns {
  readonly #begun = new Map<string, number>()
  readonly #now: () => number
  readonly #hangingMs: number

  /** `now`: milliseconds that stand still while the machine sleeps, since nothing goes on then. */
  constructor(options: { readonly callTimeoutMs: number; readonly now?: () => number }) {
    this.#now = options.now ?? (() => performance.now())
    this.#hangingMs = Math.max(HANGING_MS, 10 * options.callTimeoutMs)
  }

  /** Does the work of a key. */
  async of(key: string, work: () => Promise<void>): Promise<void> {
    this.#begun.set(key, this.#now())
    try {
      await work()
    } finally {
      this.#begun.delete(key)
    }
  }

  /** What is wrong, in a few words, when a reconcile hangs. */
  trouble(): string | undefined {
    // Keys are worked on once at a time, so the first one has been at it for longest.
    for (const [key, at] of this.#begun) {
      const minutes = Math.floor((this.#now() - at) / 60_000)
      return this.#now() - at < this.#hangingMs ? undefined : `the reconcile of ${key} has not ended for ${minutes} minutes`
    }
    return undefined
  }
}
