import type { Log } from '../observe/log.ts'

/** What an administrator is told: in the log, and as an event on the Lease. */
export interface Notice {
  readonly type: 'Normal' | 'Warning'
  /** Of the event, in UpperCamelCase. */
  readonly reason: string
  readonly message: string
}

/** Says each thing once, for as long as it is so. */
export class Notices {
  readonly #said = new Map<string, string>()
  readonly #log: Log
  readonly #record: (notice: Notice) => void

  constructor(log: Log, record: (notice: Notice) => void) {
    this.#log = log
    this.#record = record
  }

  /** `about`: an object and what of it; one notice about that holds at a time. */
  say(about: string, notice: Notice): void {
    if (this.#said.get(about) === notice.message) return
    this.#said.set(about, notice.message)
    this.#log[notice.type === 'Warning' ? 'warn' : 'info']({ reason: notice.reason }, notice.message)
    this.#record(notice)
  }

  /** It is not so any more: the next time is news again. Answers whether it was. */
  settle(about: string): boolean {
    return this.#said.delete(about)
  }
}
