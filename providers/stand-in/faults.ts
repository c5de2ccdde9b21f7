import * as z from 'zod'

/** A fault to inject into requests of customers; the first that matches is used up by one. */
export const Fault = z.strictObject({
  /** Matches any method when absent. */
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).optional(),
  /** Collection, `volumes`; any when absent. */
  type: z.string().optional(),
  /** Requests to hit; 1 when absent. */
  times: z.int().min(1).default(1),
  /** Matching requests to let pass before. */
  after: z.int().min(0).default(0),
  /**
   * - `answer`: `status` at once, nothing is done.
   * - `hang`: nothing is done, no answer ever.
   * - `drop`: it is done, and the connection is reset instead of an answer.
   * - `late-answer`: it is done, and `status` is answered all the same.
   * - `cut`: it is done, and the connection is reset after half of the answer.
   * - `refuse`: the connection is reset before anything is done.
   * - `delay`: done after `delayMs`.
   * - `fail-operation`: accepted; the operation ends in `message`.
   * - `stuck-operation`: accepted; the operation never ends.
   */
  effect: z.enum(['answer', 'hang', 'drop', 'late-answer', 'cut', 'refuse', 'delay', 'fail-operation', 'stuck-operation']),
  status: z.int().min(400).max(599).default(500),
  code: z.string().default('injected'),
  message: z.string().default('injected fault'),
  /** Sent as Retry-After, in seconds. */
  retryAfterS: z.number().min(0).optional(),
  delayMs: z.int().min(0).default(0),
})
export type Fault = z.output<typeof Fault>

export class Faults {
  #faults: (Fault & { id: number })[] = []
  #lastId = 0

  add(fault: Fault): Fault & { id: number } {
    const added = { ...fault, id: ++this.#lastId }
    this.#faults.push(added)
    return added
  }

  get all(): readonly Fault[] {
    return this.#faults
  }

  clear(): void {
    this.#faults = []
  }

  /** The fault that hits this request. */
  take(method: string, type: string): Fault | undefined {
    for (const fault of this.#faults) {
      if ((fault.method !== undefined && fault.method !== method) || (fault.type !== undefined && fault.type !== type)) continue
      if (fault.after > 0) {
        fault.after--
        continue
      }
      fault.times--
      if (fault.times === 0) this.#faults = this.#faults.filter((one) => one !== fault)
      return fault
    }
    return undefined
  }
}

/** Requests per second that customers may send; more are answered 429. */
export const Throttle = z.strictObject({
  requestsPerSecond: z.number().positive(),
  burst: z.int().min(1).default(1),
  /** Told in Retry-After. */
  retryAfterS: z.int().min(0).default(1),
})
export type Throttle = z.output<typeof Throttle>

export class Limiter {
  #throttle: Throttle | undefined
  #tokens = 0
  #filledAt = 0

  get throttle(): Throttle | undefined {
    return this.#throttle
  }

  set(throttle: Throttle | undefined): void {
    this.#throttle = throttle
    this.#tokens = throttle?.burst ?? 0
  }

  /** Whether one more request may pass now; `undefined` = yes, else seconds to wait. */
  refusal(now: number): number | undefined {
    if (!this.#throttle) return undefined
    const { requestsPerSecond, burst, retryAfterS } = this.#throttle
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * requestsPerSecond)
    this.#filledAt = now
    if (this.#tokens < 1) return retryAfterS
    this.#tokens--
    return undefined
  }
}
