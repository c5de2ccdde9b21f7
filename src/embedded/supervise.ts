import { setTimeout as sleep } from 'node:timers/promises'
import { asError } from '../errors.ts'
import type { Child } from './process/child.ts'
import { type Service, startService } from './services.ts'

interface SuperviseOptions {
  readonly say: (line: string) => void
  /** A process was started. */
  readonly onStart: (pid: number) => void
  /** The service works (again), or does not any more. */
  readonly onChange: (isUp: boolean) => void
  /** First wait before a restart; doubles up to 30 s, and begins anew after a minute that went well. */
  readonly backoffMs?: number
}

interface Supervised {
  stop(): Promise<void>
}

const MAX_BACKOFF_MS = 30_000
const WENT_WELL_MS = 60_000

/** Starts a service, throws when that fails the first time, and starts it again whenever it ends by itself. */
export async function supervise(service: Service, options: SuperviseOptions): Promise<Supervised> {
  const stopped = new AbortController()
  const firstBackoffMs = options.backoffMs ?? 1_000
  let child = await startService(service)
  options.onStart(child.pid)
  options.onChange(true)
  const watch = async () => {
    let backoffMs = firstBackoffMs
    while (!stopped.signal.aborted) {
      const since = performance.now()
      const ending = await child.ended
      if (stopped.signal.aborted) return
      options.onChange(false)
      if (performance.now() - since > WENT_WELL_MS) backoffMs = firstBackoffMs
      options.say(`${ending.name} ended (${ending.how}), starting it again in ${backoffMs / 1000} s. Its log: ${ending.logFile}`)
      await sleep(backoffMs, undefined, { signal: stopped.signal }).catch(() => {})
      backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)
      if (stopped.signal.aborted) return
      child = await restart(service, child, options)
    }
  }
  const watching = watch()
  return {
    async stop() {
      stopped.abort()
      await child.stop()
      await watching
      // A restart may have been under way.
      await child.stop()
    },
  }
}

async function restart(service: Service, last: Child, options: SuperviseOptions): Promise<Child> {
  try {
    const child = await startService(service)
    options.onStart(child.pid)
    options.onChange(true)
    options.say(`${service.child.name} is running again`)
    return child
  } catch (error) {
    options.say(asError(error).message)
    return last
  }
}
