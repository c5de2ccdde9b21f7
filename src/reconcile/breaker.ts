import type { CallContext } from '../provider/contract.ts'
import { untilAborted } from '../deadline.ts'
import { ProviderError } from '../provider/errors.ts'
import { HttpFailure } from '../provider/http.ts'

/** Keeps the calls of an account back while its cloud does not answer: a few find out whether it does again, not all. */
export interface Breaker {
  /** Makes a call about the object `who`; throws `transient` with {@link ProviderError.isHeld} where it is kept back. */
  run<T>(who: string, context: CallContext, call: () => Promise<T>): Promise<T>
  /** The cloud answered, whatever was asked. */
  close(): void
}

export interface BreakerOptions {
  /** For messages. */
  readonly account: string
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** So many objects in a row without an answer: it is not them. One object alone has its own backoff. */
const OBJECTS = 5
/** A probe each second, and less often the longer it takes. */
const PROBE_MIN_MS = 1_000
const PROBE_MAX_MS = 15_000
/** So many changes of users try at once, whatever the probes found: their part of the cloud may be well. */
const CHANGES = 3
/** Gateways say these for a cloud that is not there. */
const OUTAGES: readonly number[] = [502, 503, 504]

export function createBreaker({ account, now }: BreakerOptions): Breaker {
  const silent = new Set<string>()
  let isOpen = false
  let probes = 0
  let probeAt = 0
  let isProbing = false
  let changes = 0

  const pauseMs = () => Math.min(PROBE_MAX_MS, PROBE_MIN_MS * 2 ** probes)

  function close(): void {
    isOpen = false
    silent.clear()
    probes = 0
  }

  function fail(who: string, wasProbe: boolean): void {
    silent.add(who)
    if (!isOpen && silent.size < OBJECTS) return
    // What was on the road when it opened says nothing new.
    if (isOpen && !wasProbe) return
    isOpen = true
    probeAt = now() + pauseMs()
    probes++
  }

  /** What gives back the place that was taken. */
  function enter(context: CallContext): { readonly isProbe: boolean; leave(): void } {
    if (!isOpen) return { isProbe: false, leave: () => undefined }
    if (context.priority === 'high' && changes < CHANGES) {
      changes++
      return { isProbe: false, leave: () => void changes-- }
    }
    if (isProbing || now() < probeAt)
      throw new ProviderError('transient', `${account} does not answer: a few requests find out when it does again, then all go on`, {
        retryAfterMs: isProbing ? pauseMs() : Math.max(PROBE_MIN_MS, probeAt - now()),
        isHeld: true,
      })
    isProbing = true
    return { isProbe: true, leave: () => void (isProbing = false) }
  }

  return {
    close,
    async run(who, context, call) {
      const place = enter(context)
      const { signal } = context
      const going = (async () => call())()
      // Whoever called may wait for longer than the cloud is given, or no more at all.
      void untilAborted(going, signal)
        .then(close, (error: unknown) => {
          if (isSilence(error, signal)) fail(who, place.isProbe)
          else if (error instanceof ProviderError && !error.isHeld && !signal.aborted) close()
        })
        .finally(place.leave)
      return going
    },
  }
}

/** The cloud gave no answer of its own in time. */
function isSilence(error: unknown, signal: AbortSignal): boolean {
  if (signal.aborted) return (signal.reason as { name?: unknown } | undefined)?.name === 'TimeoutError' && !isHeld(error)
  if (!(error instanceof ProviderError) || error.failure !== 'transient' || isHeld(error)) return false
  return !(error instanceof HttpFailure) || OUTAGES.includes(error.status)
}

const isHeld = (error: unknown) => error instanceof ProviderError && error.isHeld
