import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments, stringify } from 'yaml'
import { asError, SecaError } from '../errors.ts'

/** An object as a manifest has it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly [field: string]: unknown
}

/** All objects in a file, or in the YAML and JSON files of a folder and its folders; lists are taken apart. */
export function readManifests(path: string, flag = '--adopt'): Manifest[] {
  try {
    if (!statSync(path).isDirectory()) return manifestsIn(readFileSync(path, 'utf8'), path)
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ya?ml|json)$/.test(name))
    return names.toSorted().flatMap((name) => manifestsIn(readFileSync(join(path, name), 'utf8'), join(path, name)))
  } catch (error) {
    if (error instanceof SecaError) throw error
    throw new SecaError('InvalidConfiguration', `${flag}: ${asError(error).message}`)
  }
}

/** Objects as one text of YAML. */
export const writeManifests = (objects: readonly object[]): string => objects.map((one) => stringify(one)).join('---\n')

function manifestsIn(text: string, path: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [problem] = document.errors
    if (problem !== undefined) throw new SecaError('InvalidConfiguration', `${path}: ${problem.message}`)
    const content = document.toJS() as { readonly kind?: unknown; readonly items?: unknown } | null
    return (Array.isArray(content?.items) ? (content.items as unknown[]) : [content]).filter(isManifest)
  })
}

function isManifest(content: unknown): content is Manifest {
  const { apiVersion, kind, metadata } = (content ?? {}) as Partial<Record<string, unknown>>
  return typeof apiVersion === 'string' && typeof kind === 'string' && typeof (metadata as { name?: unknown } | null)?.name === 'string'
}
