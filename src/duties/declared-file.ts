import { createHash } from 'node:crypto'
import { type Document, isMap, isNode, LineCounter, parseAllDocuments } from 'yaml'
import { asError, SecaError } from '../errors.ts'
import type { GroupVersionResource } from '../kube/gvr.ts'
import { DECLARABLE, problemsOf } from './declared-check.ts'

/** An object that the installation's configuration declares. */
export interface Declared {
  readonly gvr: GroupVersionResource
  readonly object: DeclaredObject
}

/** As the file has it. */
export interface DeclaredObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

/** A file that is wrong altogether would fill the log. */
const MAX_PROBLEMS = 10

/**
 * The objects of a file of YAML documents, in the order of applying. Throws `InvalidConfiguration`, which names document and line of all that is
 * wrong: then nothing of the file counts.
 */
export function parseDeclared(text: string): Declared[] {
  const lines = new LineCounter()
  const problems: string[] = []
  const found = new Map<string, Declared>()
  for (const [index, document] of parseAllDocuments(text, { lineCounter: lines }).entries()) {
    const wrong = (offset: number, words: string) =>
      problems.push(`document ${index + 1}, line ${Math.max(1, lines.linePos(offset).line)}: ${words}`)
    const content = contentOf(document, wrong)
    if (content === undefined) continue
    const start = document.contents?.range[0] ?? 0
    const about = nameOf(content)
    const wrongs = problemsOf(content)
    for (const { path, message } of wrongs)
      wrong(placeOf(document, path), `${about}${path.join('.')}${path.length > 0 ? ' ' : ''}${message}`)
    if (wrongs.length > 0) continue
    const object = content as DeclaredObject
    const gvr = DECLARABLE.find((one) => one.gvr.kind === object.kind)?.gvr
    if (gvr === undefined) continue
    if (found.has(idOf(object))) wrong(start, `${idOf(object)} is declared twice`)
    found.set(idOf(object), { gvr, object })
  }
  const more = problems.length - MAX_PROBLEMS
  if (problems.length > 0) throw invalid([...problems.slice(0, MAX_PROBLEMS), ...(more > 0 ? [`and ${more} more`] : [])].join('; '))
  const rank = ({ object }: Declared) => DECLARABLE.findIndex(({ gvr }) => gvr.kind === object.kind)
  return [...found.values()].toSorted((one, other) => rank(one) - rank(other))
}

/** What a document says; undefined when it says nothing, or is no YAML. */
function contentOf(document: Document.Parsed, wrong: (offset: number, words: string) => void): unknown {
  const [problem] = document.errors
  if (problem !== undefined) {
    wrong(problem.pos[0], problem.message.split('\n')[0]?.replace(/ at line \d+, column \d+:$/, '') ?? 'is no YAML')
    return undefined
  }
  try {
    return document.toJS() ?? undefined
  } catch (error) {
    // Aliases that stand for too much, or for nothing.
    wrong(document.range[0], asError(error).message)
    return undefined
  }
}

/** Offset of a field, or of the nearest that there is. */
function placeOf(document: Document.Parsed, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const holder = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const key = isMap(holder) ? holder.items.find((pair) => isNode(pair.key) && pair.key.toJSON() === path[length - 1])?.key : undefined
    const node = isNode(key) ? key : document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return document.contents?.range[0] ?? 0
}

/** `Region eu-1: `, as far as the document says what it is. */
function nameOf(content: unknown): string {
  const { kind, metadata } = content as { kind?: unknown; metadata?: { name?: unknown } | null }
  return typeof kind === 'string' && typeof metadata?.name === 'string' ? `${kind} ${metadata.name}: ` : ''
}

/** `Region eu-1`, `RoleAssignment seca-acme/admins` */
export const idOf = ({
  kind,
  metadata: { name, namespace },
}: {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined }
}): string => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`

/** Stands for all of the object's content. */
export const hashOf = (object: DeclaredObject): string => createHash('sha256').update(JSON.stringify(object)).digest('hex').slice(0, 16)

const invalid = (message: string): SecaError => new SecaError('InvalidConfiguration', message)
