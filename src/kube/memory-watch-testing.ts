import { noAnswer } from './memory-errors-testing.ts'
import type { KubeObject } from './gvr.ts'

/** What happened to one object. */
export interface Event {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly version: number
  /** `apps/v1/deployments` */
  readonly collection: string
  readonly object: KubeObject
  readonly before: KubeObject | undefined
}

/** Which objects of a collection a list or watch is about. */
export interface Selection {
  readonly collection: string
  readonly namespace: string | undefined
  readonly labelSelector: string | undefined
  readonly fieldSelector: string | undefined
}

export function isSelected({ namespace, labelSelector = '', fieldSelector = '' }: Selection, { metadata }: KubeObject): boolean {
  const terms = (selector: string) => selector.split(',').filter((term) => term !== '')
  const holds = (term: string, read: (key: string) => string | undefined) => {
    const [key = '', value] = term.split(/==?/)
    return value === undefined ? read(key) !== undefined : read(key) === value
  }
  return (
    (namespace === undefined || metadata.namespace === namespace) &&
    terms(labelSelector).every((term) => holds(term, (key) => metadata.labels?.[key])) &&
    terms(fieldSelector).every((term) => holds(term, (key) => (key === 'metadata.name' ? metadata.name : metadata.namespace)))
  )
}

/** What a watch of a selection says of an event: what leaves a selection is deleted for it, what comes into it is added. */
export function lineOf(selection: Selection, event: Event): string | undefined {
  if (event.collection !== selection.collection) return undefined
  const was = event.before !== undefined && isSelected(selection, event.before)
  const is = event.type !== 'DELETED' && isSelected(selection, event.object)
  if (!was && !is) return undefined
  return lineFor(is && was ? 'MODIFIED' : is ? 'ADDED' : 'DELETED', event.object)
}

export const lineFor = (type: string, object: unknown): string => JSON.stringify({ type, object })

const BOOKMARK_MS = 60_000
/** An apiserver sends a bookmark this long before a watch's time is over. */
const LAST_BOOKMARK_MS = 2_000

/** The open answer to a watch: batches of lines until its time is over, it is cut, or nobody wants it any more. */
export class WatchStream implements AsyncIterable<string[]> {
  readonly selection: Selection
  readonly #bookmark: () => string | undefined
  readonly #timers: NodeJS.Timeout[] = []
  readonly #onEnd: () => void
  #lines: string[] = []
  #end: 'no' | 'over' | Error = 'no'
  #wake: (() => void) | undefined

  constructor(options: {
    readonly selection: Selection
    readonly timeoutMs: number
    readonly signal: AbortSignal
    /** Undefined while nothing is known. */
    readonly bookmark: () => string | undefined
    readonly onEnd: () => void
  }) {
    const { selection, timeoutMs, signal, bookmark, onEnd } = options
    this.selection = selection
    this.#bookmark = bookmark
    const abort = () => this.end(signal.reason as Error)
    signal.addEventListener('abort', abort)
    this.#onEnd = () => {
      signal.removeEventListener('abort', abort)
      onEnd()
    }
    const every = () => {
      this.#mark()
      this.#timers[0] = setTimeout(every, BOOKMARK_MS)
    }
    this.#timers.push(
      setTimeout(every, BOOKMARK_MS),
      setTimeout(() => this.#mark(), Math.max(0, timeoutMs - LAST_BOOKMARK_MS)),
      setTimeout(() => this.end('over'), timeoutMs),
    )
    for (const timer of this.#timers) timer.unref()
  }

  push(line: string | undefined): void {
    if (line === undefined || this.#end !== 'no') return
    this.#lines.push(line)
    this.#wake?.()
  }

  /** Ends the answer, in order or with an error; what was sent before is still read. */
  end(how: 'over' | Error = noAnswer()): void {
    if (this.#end !== 'no') return
    this.#end = how
    for (const timer of this.#timers) clearTimeout(timer)
    this.#onEnd()
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string[]> {
    try {
      for (;;) {
        if (this.#lines.length > 0) yield this.#lines.splice(0)
        else if (this.#end instanceof Error) throw this.#end
        else if (this.#end === 'over') return
        else await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      this.end('over')
    }
  }

  #mark(): void {
    this.push(this.#bookmark())
  }
}
