import type { Clock } from './clock.ts'

/** Calls `bark` once when nobody called `beat` for this long, unless the signal aborts before. */
export function watchdog(clock: Clock, ms: number, bark: () => void, signal: AbortSignal): { beat(): void } {
  let beatAt = clock.now()
  const watch = async () => {
    while (!signal.aborted) {
      const leftMs = beatAt + ms - clock.now()
      if (leftMs <= 0) return bark()
      await clock.sleep(leftMs, signal)
    }
  }
  void watch()
  return { beat: () => (beatAt = clock.now()) }
}
