import { IndexSet } from './index-set.ts'
import { type CloudObject, marksOf } from './model.ts'

/** What an object was from a moment on; without one, it was not there. */
interface Version {
  readonly at: number
  readonly object: CloudObject | undefined
}

/**
 * What objects were a moment ago, for reads that lag behind writes. Only what changed within the lag is kept: an object without
 * versions is what it is now.
 */
export class Past {
  /** How far back somebody may look, in milliseconds. */
  keepMs: number
  readonly #versions = new Map<string, Version[]>()
  readonly #marks = new IndexSet()
  /** Changes in the order in which they are to be forgotten. */
  #changes: { readonly at: number; readonly id: string }[] = []
  #head = 0

  constructor(keepMs: number) {
    this.keepMs = keepMs
  }

  /** Objects of which an older version may be wanted. */
  get ids(): Iterable<string> {
    return this.#versions.keys()
  }

  note(id: string, before: CloudObject | undefined, after: CloudObject | undefined, at: number): void {
    this.forget(at)
    const versions = this.#versions.get(id) ?? [{ at: -Infinity, object: before }]
    this.#versions.set(id, versions)
    versions.push({ at, object: after })
    for (const mark of [...marksOf(before), ...marksOf(after)]) this.#marks.add(mark, id)
    this.#changes.push({ at, id })
  }

  /** What `id`, which is `current` now, was at a time. */
  at(id: string, current: CloudObject | undefined, time: number): CloudObject | undefined {
    const versions = this.#versions.get(id)
    return versions ? versions.findLast((version) => version.at <= time)?.object : current
  }

  /** Objects that carry a mark now or carried it within the lag. */
  marked(mark: string): ReadonlySet<string> {
    return this.#marks.get(mark)
  }

  /** Drops what nobody can see any more. */
  forget(now: number): void {
    const horizon = now - this.keepMs
    for (let change = this.#changes[this.#head]; change && change.at <= horizon; change = this.#changes[this.#head]) {
      this.#head++
      this.#drop(change.id, horizon)
    }
    if (this.#head < 1_000 || this.#head * 2 < this.#changes.length) return
    this.#changes = this.#changes.slice(this.#head)
    this.#head = 0
  }

  #drop(id: string, horizon: number): void {
    const versions = this.#versions.get(id) ?? []
    for (const { object } of versions) for (const mark of marksOf(object)) this.#marks.delete(mark, id)
    const oldest = versions.findLastIndex((version) => version.at <= horizon)
    const kept = versions.slice(Math.max(oldest, 0))
    if (kept.length < 2) this.#versions.delete(id)
    else this.#versions.set(id, kept)
    if (kept.length > 1) for (const { object } of kept) for (const mark of marksOf(object)) this.#marks.add(mark, id)
  }
}
