import { EACH } from '../kinds/ref.ts'
import type { Kind } from '../kinds/kind.ts'
import { type Graph, idOf, type Node } from '../resolve/graph.ts'

/** A step of a declared path, walked from its end: who comes next before it, and whether somebody looks as far as from there to here. */
interface Step {
  isReader: boolean
  /** By `<kind>|<path of its reference>`. */
  readonly before: Map<string, Step>
}

const step = (): Step => ({ isReader: false, before: new Map() })

/**
 * Who looks through whom: kinds say by paths of references (`primaryNicRef.subnetRef.routeTableRef`) how far their adapters look
 * beyond what an object itself names. Walked backwards from what changed, each object once for each part of a path.
 */
export class Readers {
  readonly #root = step()

  constructor(kinds: Iterable<Kind>, reads: (kind: Kind) => readonly string[]) {
    const byName = new Map([...kinds].map((kind) => [kind.kind, kind]))
    for (const kind of byName.values())
      for (const path of reads(kind)) {
        const chains = chainsOf(byName, kind, path)
        if (chains.length === 0) throw new RangeError(`${kind.kind} reads "${path}", which is no path of references`)
        for (const chain of chains) this.#add(chain)
      }
  }

  /** Every part of it that ends at a reference is read as well. */
  #add(chain: readonly string[]): void {
    for (let end = chain.length; end >= 2; end--) {
      let at = this.#root
      for (const link of chain.slice(0, end).toReversed()) {
        const next = at.before.get(link) ?? step()
        at.before.set(link, next)
        at = next
      }
      at.isReader = true
    }
  }

  /** Objects that look at one through others; not those that name it themselves. */
  *through(graph: Graph, node: Node): Generator<Node> {
    yield* walk(graph, node, this.#root, new Map())
  }
}

function* walk(graph: Graph, node: Node, at: Step, seen: Map<Step, Set<string>>): Generator<Node> {
  if (at.before.size === 0) return
  for (const { from, edge } of graph.dependents(node)) {
    const next = at.before.get(`${from.kind}|${edge.path.replaceAll(/\[\d+\]/g, EACH)}`)
    const id = idOf(from)
    if (next === undefined || seen.get(next)?.has(id) === true) continue
    seen.set(next, (seen.get(next) ?? new Set()).add(id))
    if (next.isReader) yield from
    yield* walk(graph, from, next, seen)
  }
}

/** A path as links `<kind>|<path of its reference>`; several where a reference may name several kinds. */
function chainsOf(kinds: ReadonlyMap<string, Kind>, kind: Kind, path: string): string[][] {
  return kind.references.flatMap(({ path: steps, rule }) => {
    const own = steps.join('.').replaceAll(`.${EACH}`, EACH)
    const link = `${kind.kind}|${own}`
    if (path === own) return [[link]]
    if (!path.startsWith(`${own}.`)) return []
    const rest = path.slice(own.length + 1)
    return rule.to.flatMap((name) => kinds.get(name) ?? []).flatMap((next) => chainsOf(kinds, next, rest).map((chain) => [link, ...chain]))
  })
}
