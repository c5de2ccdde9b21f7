import { asError } from './errors.ts'

/** A signal with an end of its own. */
export interface Deadline {
  readonly signal: AbortSignal
  /** The time ran out before the parent was aborted. */
  readonly isOver: boolean
  /** Frees timer and listener: call it when the work is done. */
  end(): void
}

/**
 * Aborts with `parent`, or after `ms`. Unlike `AbortSignal.any` with `AbortSignal.timeout`, nothing of it lives on until the time is
 * over: at a thousand calls a second and a minute each, that would be sixty thousand timers.
 */
export function deadline(parent: AbortSignal, ms: number): Deadline {
  const controller = new AbortController()
  let isOver = false
  const follow = () => controller.abort(parent.reason)
  if (parent.aborted) follow()
  else parent.addEventListener('abort', follow)
  const timer = setTimeout(() => {
    isOver = !controller.signal.aborted
    controller.abort(new DOMException(`not done within ${ms} ms`, 'TimeoutError'))
  }, ms)
  timer.unref()
  return {
    signal: controller.signal,
    get isOver() {
      return isOver
    },
    end() {
      clearTimeout(timer)
      parent.removeEventListener('abort', follow)
    },
  }
}

/**
 * What `going` comes to, or the signal's reason once it aborts, whether `going` heeds it or not: one that does may say what it was at.
 * `going` itself goes on.
 */
export function untilAborted<T>(going: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => void setImmediate(() => reject(asError(signal.reason)))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    going.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
