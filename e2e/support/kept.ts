import { setTimeout as sleep } from 'node:timers/promises'
import { startChild, type Child } from '../../src/embedded/process/child.ts'
import type { Service } from '../../src/embedded/services.ts'

/** A process that is started again whenever it ends, as kubelet does. */
export interface Kept {
  /** Ends it in order; another one takes its place, with further flags. */
  restart(...flags: readonly string[]): Promise<void>
  stop(): Promise<void>
}

const PAUSE_MS = 200

/** Starts one; does not wait until it works. */
export async function keepRunning({ child: options }: Pick<Service, 'child'>): Promise<Kept> {
  const stopped = new AbortController()
  let next = options
  let child: Child = await startChild(options)
  const running = (async () => {
    while (!stopped.signal.aborted) {
      await child.ended
      await sleep(PAUSE_MS, undefined, { signal: stopped.signal }).catch(() => undefined)
      if (!stopped.signal.aborted) child = await startChild(next)
    }
  })()
  return {
    restart(...flags) {
      next = { ...options, args: [...options.args, ...flags] }
      return child.stop()
    },
    async stop() {
      stopped.abort()
      await child.stop()
      await running
    },
  }
}
