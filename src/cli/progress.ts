/** Progress of long steps on a terminal or in a log: what is being done, and for how long. */
export interface Step {
  /** A detail that changes while the step runs. */
  update(detail: string): void
  /** Ends the step well; the line stays with its time. */
  done(detail?: string): void
  /** Ends the step badly; the error itself is told elsewhere. */
  fail(): void
}

export interface Progress {
  step(label: string): Step
  line(text: string): void
}

interface Out {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** With a terminal one line is rewritten every second; without, a plain line comes at the start, every 15 s and at the end. */
export function createProgress(out: Out = process.stderr, now: () => number = () => performance.now()): Progress {
  const isTerminal = out.isTTY === true
  return {
    line: (text) => void out.write(`${text}\n`),
    step(label) {
      const start = now()
      let detail = ''
      const text = () => `${label}${detail && `: ${detail}`} (${duration(now() - start)})`
      const draw = () => out.write(isTerminal ? `\r\u001b[2K${text().slice(0, (out.columns ?? 80) - 1)}` : `${text()}\n`)
      if (isTerminal) draw()
      else out.write(`${label}\n`)
      const timer = setInterval(draw, isTerminal ? 1000 : 15_000)
      timer.unref()
      const end = (mark: string) => {
        clearInterval(timer)
        out.write(`${isTerminal ? '\r\u001b[2K' : ''}${mark} ${text()}\n`)
      }
      return {
        update: (next) => void (detail = next),
        done(last = '') {
          detail = last
          end('✓')
        },
        fail: () => end('✗'),
      }
    },
  }
}

/** Runs one step: done when `work` resolves, failed when it throws. */
export async function during<T>(progress: Progress, label: string, work: (step: Step) => Promise<T>): Promise<T> {
  const step = progress.step(label)
  try {
    const result = await work(step)
    step.done()
    return result
  } catch (error) {
    step.fail()
    throw error
  }
}

/** `0.4 s`, `12 s`, `3 min 20 s` */
export function duration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
