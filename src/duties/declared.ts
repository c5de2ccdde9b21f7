import { asError } from '../errors.ts'
import type { KubeClient } from '../kube/client.ts'
import { ifNotFound } from '../kube/errors.ts'
import type { KubeObject } from '../kube/gvr.ts'
import type { Log } from '../observe/log.ts'
import { DECLARABLE, type Declared, hashOf, idOf, parseDeclared } from './declared-file.ts'

/** On every object that was declared. */
export const DECLARED_LABEL = 'operator.secapi.cloud/declared'
const HASH = 'operator.secapi.cloud/declared-hash'
export const DECLARED_MANAGER = 'seca-declared'

type State = 'applied' | 'refused' | 'left'

interface DeclaredOptions {
  readonly client: KubeClient
  /** Text of the file; throws where it cannot be read. */
  readonly read: () => string
  /** Objects of a kind (`Namespace` too) as the cluster has them. */
  readonly all: (kind: string) => Iterable<KubeObject>
  /** Deletes what was declared and is not any more; else it is left alone and told. */
  readonly prune: boolean
  readonly log: Log
  readonly count: (state: State, count: number) => void
}

/** Keeps the objects that the installation's configuration declares as it says. What cannot be read changes nothing. */
export class DeclaredObjects {
  readonly #options: DeclaredOptions
  /** Last words about an object, or the file: said once. */
  readonly #told = new Map<string, string>()

  constructor(options: DeclaredOptions) {
    this.#options = options
  }

  /** One look: writes what differs, and nothing where nothing does. */
  async keep(signal: AbortSignal): Promise<void> {
    const { read, count } = this.#options
    let wanted: Declared[]
    try {
      wanted = parseDeclared(read())
      this.#told.delete('file')
    } catch (error) {
      this.#tell('file', `the declared objects cannot be read, and stay as they are: ${asError(error).message}`)
      return
    }
    let refused = 0
    for (const one of wanted) if (!(await this.#apply(one, signal))) refused++
    const left = await this.#takeOut(wanted, signal)
    count('applied', wanted.length - refused)
    count('refused', refused)
    count('left', left)
  }

  async #apply(one: Declared, signal: AbortSignal): Promise<boolean> {
    const { client, log } = this.#options
    const id = idOf(one)
    const live = this.#live(one)
    const hash = hashOf(one)
    if (live?.metadata.annotations?.[HASH] === hash && holds(one, live)) return true
    const { gvr, metadata, ...rest } = one
    const labels = { ...metadata.labels, [DECLARED_LABEL]: 'true' }
    const annotations = { ...metadata.annotations, [HASH]: hash }
    try {
      await client.apply(
        gvr,
        { ...rest, metadata: { ...metadata, labels, annotations } } as never,
        { fieldManager: DECLARED_MANAGER, force: true },
        signal,
      )
      this.#told.delete(id)
      log.info({ object: id }, live === undefined ? 'declared and made' : 'declared and brought back to what is declared')
      return true
    } catch (error) {
      if (signal.aborted) throw error
      this.#tell(id, `${id} is declared, but refused: ${asError(error).message}`)
      return false
    }
  }

  /** How many objects were declared once, are not any more, and are still there. */
  async #takeOut(wanted: readonly Declared[], signal: AbortSignal): Promise<number> {
    const { client, prune, log } = this.#options
    const kept = new Set(wanted.map((one) => idOf(one)))
    let left = 0
    for (const { kind, gvr, object } of this.#declared()) {
      const id = idOf({ kind, metadata: object.metadata })
      if (kept.has(id)) continue
      // An empty file is more likely a mistake than a wish.
      if (!prune || wanted.length === 0) {
        left++
        this.#tell(
          id,
          `${id} is not declared any more, and left alone${prune ? ': nothing is declared at all' : '; delete it with kubectl, or have such objects deleted with --declared-prune'}`,
        )
        continue
      }
      const { name, namespace, uid = '' } = object.metadata
      await client.delete(gvr, namespace, name, { uid }, signal).catch(ifNotFound)
      log.info({ object: id }, 'not declared any more, and deleted')
    }
    return left
  }

  *#declared() {
    for (const gvr of DECLARABLE)
      for (const object of this.#options.all(gvr.kind))
        if (object.metadata.labels?.[DECLARED_LABEL] === 'true') yield { kind: gvr.kind, gvr, object }
  }

  #live({ kind, metadata: { name, namespace } }: Declared): KubeObject | undefined {
    for (const object of this.#options.all(kind))
      if (object.metadata.name === name && object.metadata.namespace === namespace) return object
    return undefined
  }

  #tell(about: string, words: string): void {
    if (this.#told.get(about) === words) return
    this.#told.set(about, words)
    this.#options.log.warn({ about }, words)
  }
}

/** Whether an object has all that is declared, and maybe more: defaults, labels of others. */
function holds(declared: unknown, live: unknown): boolean {
  if (Array.isArray(declared))
    return Array.isArray(live) && declared.length === live.length && declared.every((one, index) => holds(one, live[index]))
  if (typeof declared !== 'object' || declared === null) return declared === live
  if (typeof live !== 'object' || live === null) return false
  return Object.entries(declared).every(([key, value]) => key === 'gvr' || holds(value, (live as Record<string, unknown>)[key]))
}
