import type { Dispatcher } from 'undici'
import { asError } from '../errors.ts'

export interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  /** The server's clock. */
  readonly date: string | undefined
  readonly body: string
}

/** Failure below HTTP. `sent` is false when not a byte of the request can have left. */
export class ConnectionError extends Error {
  readonly code: string
  readonly sent: boolean
  constructor(cause: Error & { code?: string }, sent: boolean) {
    super(cause.message, { cause })
    this.name = 'ConnectionError'
    this.code = cause.code ?? cause.name
    this.sent = sent
  }
}

/** Stop reading from the socket while this much text waits for the consumer. */
const HIGH_WATER = 1 << 20

/**
 * One request on an undici dispatcher, without the streams in between: a call collects its body, a watch hands out
 * lines. `dispatch` costs about half the CPU of `request`.
 */
abstract class Exchange implements Dispatcher.DispatchHandler {
  protected controller: Dispatcher.DispatchController | undefined
  protected code = 0
  protected retryAfter: string | undefined
  protected date: string | undefined
  #sent = false
  readonly #signal: AbortSignal | undefined
  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
    signal?.addEventListener('abort', this.#abort)
  }
  protected abstract failed(error: unknown): void
  protected release(): void {
    this.#signal?.removeEventListener('abort', this.#abort)
  }
  readonly #abort = () => {
    this.release()
    const reason: unknown = this.#signal?.reason
    // A request that still waits for a connection is aborted when it gets one.
    this.controller?.abort(reason instanceof Error ? reason : new Error('aborted'))
    this.failed(reason)
  }
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.#signal?.aborted === true) controller.abort(new Error('aborted'))
    else this.#sent = true
  }
  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return
    this.code = status
    const retryAfter = headers['retry-after']
    if (typeof retryAfter === 'string') this.retryAfter = retryAfter
    if (typeof headers['date'] === 'string') this.date = headers['date']
  }
  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.release()
    this.failed(this.#signal?.aborted === true ? this.#signal.reason : new ConnectionError(error, this.#sent))
  }
}

class Call extends Exchange {
  readonly #resolve: (answer: Answer) => void
  readonly #reject: (error: unknown) => void
  readonly #chunks: Buffer[] = []
  constructor(signal: AbortSignal | undefined, resolve: (answer: Answer) => void, reject: (error: unknown) => void) {
    super(signal)
    this.#resolve = resolve
    this.#reject = reject
  }
  protected failed(error: unknown): void {
    this.#reject(error)
  }
  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }
  onResponseEnd(): void {
    this.release()
    this.#resolve({ status: this.code, retryAfter: this.retryAfter, date: this.date, body: textOf(this.#chunks) })
  }
}

class Lines extends Exchange implements AsyncIterable<string[]> {
  readonly #opened: (lines: Lines) => void
  readonly #refused: (answer: Answer) => void
  readonly #reject: (error: unknown) => void
  /** Bytes after the last newline, or the body of a refusal. */
  #rest: Buffer[] = []
  #batch: string[] = []
  #waiting = 0
  #ended = false
  #error: Error | undefined
  #wake: (() => void) | undefined
  constructor(signal: AbortSignal, opened: (lines: Lines) => void, refused: (answer: Answer) => void, reject: (error: unknown) => void) {
    super(signal)
    this.#opened = opened
    this.#refused = refused
    this.#reject = reject
  }
  protected failed(error: unknown): void {
    this.#error ??= asError(error)
    this.#finish()
    this.#reject(error)
  }
  #finish(): void {
    this.#ended = true
    this.#wake?.()
  }
  override onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    super.onResponseStart(controller, status, headers)
    if (status === 200) this.#opened(this)
  }
  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.code !== 200) return void this.#rest.push(chunk)
    const end = chunk.lastIndexOf(10)
    if (end < 0) return void this.#rest.push(chunk)
    this.#rest.push(chunk.subarray(0, end))
    // Cutting at newlines never cuts a character.
    const text = textOf(this.#rest)
    this.#rest = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : []
    for (const line of text.split('\n')) if (line !== '') this.#batch.push(line)
    this.#waiting += text.length
    if (this.#waiting > HIGH_WATER) controller.pause()
    this.#wake?.()
  }
  onResponseEnd(): void {
    this.release()
    if (this.code !== 200)
      return this.#refused({ status: this.code, retryAfter: this.retryAfter, date: this.date, body: textOf(this.#rest) })
    // A stream that ends within a line was cut: the line is dropped, and the next watch brings it again.
    this.#finish()
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<string[]> {
    try {
      for (;;) {
        if (this.#batch.length > 0) {
          const batch = this.#batch
          this.#batch = []
          this.#waiting = 0
          yield batch
          // Reading goes on only when the consumer came back: its pace is the socket's pace.
          if (this.controller?.paused === true) this.controller.resume()
          continue
        }
        if (this.#error !== undefined) throw this.#error
        if (this.#ended) return
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      this.release()
      if (!this.#ended) {
        this.#ended = true
        this.controller?.abort(new Error('the watch was left'))
      }
    }
  }
}

function textOf(chunks: readonly Buffer[]): string {
  const [only] = chunks
  return only !== undefined && chunks.length === 1 ? only.toString() : Buffer.concat(chunks).toString()
}

/** Sends, and resolves with whatever answer comes. Rejects with `ConnectionError` or the signal's reason. */
export function call(dispatcher: Dispatcher, options: Dispatcher.DispatchOptions, signal: AbortSignal | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason)
    dispatcher.dispatch(options, new Call(signal, resolve, reject))
  })
}

/** Opens a stream of lines: batches of complete lines when the answer is 200, else the answer. */
export function openLines(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal,
): Promise<AsyncIterable<string[]> | Answer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    dispatcher.dispatch(options, new Lines(signal, resolve, resolve, reject))
  })
}
