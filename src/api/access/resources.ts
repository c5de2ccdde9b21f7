import type { Attempt } from '../contract.ts'
import { GlobSet } from '../../glob.ts'
import { surfaceNamed } from '../path/surface.ts'

/** Patterns up to one of their slashes. */
class Branch {
  /** Words with which patterns end here. */
  readonly ends = new GlobSet()
  /** The same in lower case, where that differs. */
  readonly folded = new GlobSet()
  readonly #next = new Map<string, Branch>()
  readonly #wide: { readonly words: GlobSet; readonly branch: Branch }[] = []

  add(pattern: string): void {
    const slash = pattern.indexOf('/')
    if (slash >= 0) {
      this.#at(pattern.slice(0, slash)).add(pattern.slice(slash + 1))
      return
    }
    this.ends.add(pattern)
    const folded = pattern.toLowerCase()
    if (folded !== pattern) this.folded.add(folded)
  }

  #at(word: string): Branch {
    let branch = this.#next.get(word)
    if (branch === undefined) {
      this.#next.set(word, (branch = new Branch()))
      if (word.includes('*')) this.#wide.push({ words: new GlobSet([word]), branch })
    }
    return branch
  }

  /** Where patterns that spell a word out go on. */
  named(word: string): Branch | undefined {
    return this.#next.get(word)
  }

  /** Whether a branch behind a word, spelled out or by a pattern for it, passes. */
  some(word: string, test: (branch: Branch) => boolean): boolean {
    const named = this.#next.get(word)
    return (named !== undefined && test(named)) || this.#wide.some(({ words, branch }) => words.matches(word) && test(branch))
  }
}

/**
 * The resources of one permission (contract §7.2, §11.10). `*` alone covers everything; elsewhere it stays inside its word. `type` is
 * the list, `type/*` the list and all items. A nested kind can be written `subnets/x`, `networks/subnets/x` and, for one network,
 * `networks/n/subnets/x`. Names of SKUs compare without case (contract §11.19).
 */
export class Resources {
  readonly #isAll: boolean
  readonly #root = new Branch()

  constructor(patterns: readonly string[]) {
    this.#isAll = patterns.includes('*')
    if (!this.#isAll) for (const pattern of patterns) this.#root.add(pattern)
  }

  covers({ kind, name, parent }: Attempt): boolean {
    if (this.#isAll) return true
    const { collection } = kind
    const surface = surfaceNamed(kind.kind)
    const isFolded = surface?.isPerRegion === true
    const isNamed = (branch: Branch): boolean => {
      if (name === undefined) return branch.ends.hasStar
      if (!isFolded) return branch.ends.matches(name)
      const folded = name.toLowerCase()
      return branch.ends.matches(folded) || branch.folded.matches(folded)
    }
    if (this.#root.some(collection, isNamed) || (name === undefined && this.#root.ends.matches(collection))) return true
    const above = surface?.parent && this.#root.named(surface.parent.kind.collection)
    if (above === undefined) return false
    // The type must be spelled out: `networks/*` speaks of networks, not of what is in them.
    const isSpelledOut = (branch: Branch): boolean => {
      const typed = branch.named(collection)
      return (typed !== undefined && isNamed(typed)) || (name === undefined && branch.ends.names(collection))
    }
    return isSpelledOut(above) || above.some(parent ?? '', isSpelledOut)
  }
}
