/** An object, by kind and store key. */
export interface Node {
  readonly kind: string
  readonly key: string
}

/** One dependency of an object. */
export interface Edge {
  readonly to: Node
  /** The target's deletion waits for the holder. */
  readonly holds: boolean
  /** Field that names the target, `bootVolume.deviceRef`; `metadata` for parents and scopes. */
  readonly path: string
  /** Where the object lives, not what it uses: how that fares concerns only who waits for it. */
  readonly isPlace?: true
  /** Where edges of the object lead hangs on the target: they are drawn anew when it comes, changes or goes. */
  readonly steers?: true
}

interface Entry {
  readonly from: Node
  readonly edges: readonly Edge[]
}

/** A node as text: what queues and sets know it by. */
export const idOf = (node: Node): string => `${node.kind}|${node.key}`

/** Who depends on whom, kept in step with the stores: what a change wakes, and what a deletion must wait for. */
export class Graph {
  readonly #entries = new Map<string, Entry>()
  /** Target → source → the edges between them; most often one, which is not worth a list. */
  readonly #incoming = new Map<string, Map<string, Edge | readonly Edge[]>>()

  /** Replaces the edges of an object; `undefined` when it is gone. */
  set(from: Node, edges: readonly Edge[] | undefined): void {
    const name = idOf(from)
    const before = this.#entries.get(name)?.edges ?? []
    // Drawn again at every look, and nearly always the same.
    if (edges !== undefined && this.#entries.has(name) && isSame(before, edges)) return
    for (const edge of before) this.#unlink(idOf(edge.to), name)
    if (edges === undefined) {
      this.#entries.delete(name)
      return
    }
    this.#entries.set(name, { from, edges })
    for (const edge of edges) {
      const target = idOf(edge.to)
      let sources = this.#incoming.get(target)
      if (sources === undefined) this.#incoming.set(target, (sources = new Map()))
      const known = sources.get(name)
      sources.set(name, known === undefined ? edge : [...listOf(known), edge])
    }
  }

  #unlink(target: string, source: string): void {
    const sources = this.#incoming.get(target)
    sources?.delete(source)
    if (sources?.size === 0) this.#incoming.delete(target)
  }

  /** What an object depends on. */
  edges(from: Node): readonly Edge[] {
    return this.#entries.get(idOf(from))?.edges ?? []
  }

  /** Objects with an edge to `to`, with that edge; `ns/*.name` edges match nested objects of any parent. */
  *dependents(to: Node): Generator<{ readonly from: Node; readonly edge: Edge }> {
    for (const target of aliases(to)) {
      for (const [source, edges] of this.#incoming.get(idOf(target)) ?? []) {
        const from = this.#entries.get(source)?.from
        if (from !== undefined) for (const edge of listOf(edges)) yield { from, edge }
      }
    }
  }

  /** Objects that hold `to` (architecture §4 "Deletion"). */
  *holders(to: Node): Generator<{ readonly from: Node; readonly edge: Edge }> {
    for (const dependent of this.dependents(to)) if (dependent.edge.holds) yield dependent
  }
}

const listOf = (edges: Edge | readonly Edge[]): readonly Edge[] => (Array.isArray(edges) ? edges : [edges as Edge])

function isSame(before: readonly Edge[], after: readonly Edge[]): boolean {
  return (
    before.length === after.length &&
    before.every(({ to, holds, path }, index) => {
      const other = after[index]
      return other !== undefined && to.key === other.to.key && to.kind === other.to.kind && holds === other.holds && path === other.path
    })
  )
}

/** An object itself, and what references without the parent's name lead to. */
function aliases(to: Node): Node[] {
  const { kind, key } = to
  const slash = key.indexOf('/')
  const dot = key.indexOf('.', slash)
  return slash < 0 || dot < 0 ? [to] : [to, { kind, key: `${key.slice(0, slash)}/*${key.slice(dot)}` }]
}
