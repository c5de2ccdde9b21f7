/** Where a piece of text begins again inside itself: what lets a search go on without going back (Knuth, Morris, Pratt). */
function bordersOf(piece: string): readonly number[] {
  const borders = [0]
  let held = 0
  for (let at = 1; at < piece.length; at++) {
    while (held > 0 && piece[at] !== piece[held]) held = borders[held - 1] ?? 0
    if (piece[at] === piece[held]) held++
    borders.push(held)
  }
  return borders
}

/**
 * A pattern in which `*` stands for any run of characters, slashes too. Patterns come from tenants, so they never become a RegExp:
 * matching takes time linear in the text, whatever the pattern.
 */
class Glob {
  readonly #head: string
  readonly #pieces: readonly string[]
  readonly #tail: string
  readonly #atLeast: number
  readonly #borders: (readonly number[])[] = []

  constructor(head: string, pieces: readonly string[], tail: string) {
    this.#head = head
    this.#pieces = pieces
    this.#tail = tail
    this.#atLeast = pieces.reduce((sum, { length }) => sum + length, head.length + tail.length)
  }

  matches(text: string): boolean {
    if (text.length < this.#atLeast || !text.startsWith(this.#head) || !text.endsWith(this.#tail)) return false
    const to = text.length - this.#tail.length
    let at = this.#head.length
    for (let index = 0; index < this.#pieces.length; index++) {
      at = this.#behind(index, text, at, to)
      if (at < 0) return false
    }
    return true
  }

  /** Index behind the first occurrence of a piece in `text` between two indexes; -1 when it is not there. */
  #behind(index: number, text: string, from: number, to: number): number {
    const piece = this.#pieces[index] ?? ''
    if (piece.length === 1) {
      const found = text.indexOf(piece, from)
      return found < 0 || found >= to ? -1 : found + 1
    }
    const borders = (this.#borders[index] ??= bordersOf(piece))
    let held = 0
    for (let at = from; at < to; at++) {
      const code = text.charCodeAt(at)
      while (held > 0 && code !== piece.charCodeAt(held)) held = borders[held - 1] ?? 0
      if (code === piece.charCodeAt(held)) held++
      if (held === piece.length) return at + 1
    }
    return -1
  }
}

/** Patterns `head*tail` whose heads, and whose tails, are equally long: one look finds whether a text matches any of them. */
interface Framed {
  readonly head: number
  readonly tail: number
  /** Head and tail together. */
  readonly texts: Set<string>
}

/** Patterns of which one has to match. Those with at most one star cost the same however many there are. */
export class GlobSet {
  readonly #exact = new Set<string>()
  /** By both lengths. */
  readonly #framed = new Map<number, Framed>()
  readonly #others: Glob[] = []
  #hasStar = false

  constructor(patterns: Iterable<string> = []) {
    for (const pattern of patterns) this.add(pattern)
  }

  /** One of the patterns is `*` and nothing else. */
  get hasStar(): boolean {
    return this.#hasStar
  }

  add(pattern: string): void {
    const first = pattern.indexOf('*')
    if (first < 0) {
      this.#exact.add(pattern)
      return
    }
    this.#hasStar ||= pattern === '*'
    const last = pattern.lastIndexOf('*')
    const [head, tail] = [pattern.slice(0, first), pattern.slice(last + 1)]
    const pieces = first === last ? [] : pattern.slice(first, last).split('*')
    const filled = pieces.filter((piece) => piece !== '')
    if (filled.length > 0) this.#others.push(new Glob(head, filled, tail))
    else this.#frame(head, tail)
  }

  #frame(head: string, tail: string): void {
    const lengths = head.length * 65_536 + tail.length
    let framed = this.#framed.get(lengths)
    if (framed === undefined) this.#framed.set(lengths, (framed = { head: head.length, tail: tail.length, texts: new Set() }))
    framed.texts.add(head + tail)
  }

  matches(text: string): boolean {
    if (this.#hasStar || this.#exact.has(text)) return true
    for (const { head, tail, texts } of this.#framed.values())
      if (head + tail <= text.length && texts.has(text.slice(0, head) + text.slice(text.length - tail))) return true
    return this.#others.some((glob) => glob.matches(text))
  }

  /** `text` itself is one of the patterns, and has no star. */
  names(text: string): boolean {
    return this.#exact.has(text)
  }

  /** About how many steps (characters looked at) `matches` takes at worst for a text of this length. */
  steps(length: number): number {
    return 4 + this.#framed.size * (length + 16) + this.#others.length * (2 * length + 16)
  }
}

/** Whether `pattern` matches all of `text`. */
export function globMatches(pattern: string, text: string): boolean {
  return new GlobSet([pattern]).matches(text)
}
