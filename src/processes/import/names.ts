import type { Kind } from '../../kinds/kind.ts'

/** Longest name of a kind that others are nested in, with room for a number. */
const LENGTH = 50

/** Names that Kubernetes takes, no two alike. */
export class Names {
  readonly #taken: Set<string>
  readonly #next = new Map<string, number>()

  /** `taken`: those of objects that are there, as {@link fullName}s. */
  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken)
  }

  /** A name for what the cloud calls `text`, within its parent. */
  give(text: string, kind: Kind, parent: string | undefined): string {
    const plain = label(text) || label(kind.secaKind)
    const base = fullName(kind.kind, parent, plain)
    for (let number = this.#next.get(base) ?? 1; ; number++) {
      const name = number === 1 ? plain : `${plain}-${number}`
      if (this.#taken.has(fullName(kind.kind, parent, name))) continue
      this.#taken.add(fullName(kind.kind, parent, name))
      this.#next.set(base, number + 1)
      return name
    }
  }
}

/** Kind and `metadata.name`. */
export const fullName = (kind: string, parent: string | undefined, name: string): string =>
  `${kind}/${parent === undefined ? '' : `${parent}.`}${name}`

/** A DNS label of any text; empty where nothing of it is left. */
export function label(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, LENGTH)
    .replace(/-+$/, '')
}
