import { deadline } from '../deadline.ts'
import { aborted } from './budget.ts'
import type { CallContext } from './contract.ts'
import { ProviderError } from './errors.ts'

/** An access token as the cloud's token endpoint gave it. */
export interface Token {
  readonly value: string
  /** Absent: until the cloud refuses it. */
  readonly expiresInMs?: number
}

export interface TokenOptions {
  /** Asks the cloud for a new one. What it is refused with counts as wrong credentials. */
  readonly fetch: (context: CallContext) => Promise<Token>
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

/** Tokens are renewed this long before their end, or at half their life if that is sooner… */
const MARGIN_MS = 60_000
const FETCH_MS = 30_000

/** One account's access token: fetched when it is first needed, by one call for all who wait, and again before it ends or when it is refused. */
export class TokenCache {
  readonly #options: TokenOptions
  readonly #now: () => number
  #token: { readonly value: string; readonly until: number } | undefined
  #latest: readonly string[] = []
  #fetching: Promise<string> | undefined

  constructor(options: TokenOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** The latest tokens, to be blotted out of messages: the one before may still be on the road. */
  get secrets(): readonly string[] {
    return this.#latest
  }

  /** A token that is good for a while. Throws what the cloud answered. */
  async get({ signal }: CallContext): Promise<string> {
    if (this.#token !== undefined && this.#now() < this.#token.until) return this.#token.value
    this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined))
    return unlessAborted(this.#fetching, signal)
  }

  /** The cloud did not take this token (401): the next call gets a new one. A newer one stays. */
  refuse(value: string): void {
    if (this.#token?.value === value) this.#token = undefined
  }

  /** Ends with no caller: others wait for it, too. */
  async #fetch(): Promise<string> {
    const limit = deadline(new AbortController().signal, FETCH_MS)
    try {
      const { value, expiresInMs = Infinity } = await this.#options.fetch({ signal: limit.signal, priority: 'high' })
      this.#token = { value, until: this.#now() + Math.max(expiresInMs - MARGIN_MS, expiresInMs / 2) }
      this.#latest = [value, ...this.#latest].slice(0, 3)
      return value
    } catch (error) {
      if (error instanceof ProviderError && error.failure === 'rejected')
        throw new ProviderError('credentials', error.message, { cause: error })
      throw error
    } finally {
      limit.end()
    }
  }
}

function unlessAborted<T>(pending: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(aborted(signal))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    void pending.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
