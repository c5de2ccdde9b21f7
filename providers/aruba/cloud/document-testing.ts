import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Call, Reply } from '../../stand-in/call.ts'
import { ApiDocument } from '../../stand-in/document-testing.ts'
import { TOKEN_PATH } from './tokens.ts'

type Node = Record<string, unknown>

/** The official documents (public repository Arubacloud/api, folder static/openapi), which are not part of this project but beside it. */
const ROOTS = ['..', '../..'].map((up) => join(import.meta.dirname, '../../..', up, 'shared/clouds/openapi/aruba'))

/** Where the documents are; undefined: they are not here. */
export const DOCUMENTS = ROOTS.find((root) => existsSync(join(root, 'project.json')))

const at = (node: Node, ...keys: readonly string[]): Node => keys.reduce((sum, key) => (sum[key] ??= {}) as Node, node)

const PROBLEM = { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDetails' } } } }

/**
 * Where the cloud is known to be another than its documents say. Each is small, and has a reason: without one of these, the exchange that needs it
 * is complained about.
 */
const everywhere = (document: Node): void => {
  for (const path of Object.values(at(document, 'paths')) as Node[]) {
    // What was made a moment ago is 404 to other services (Arubacloud/terraform-provider-arubacloud 206)…
    if (path['post'] !== undefined) at(path['post'] as Node, 'responses')['404'] ??= PROBLEM
    // …lists are in what may be gone…
    if (path['get'] !== undefined) at(path['get'] as Node, 'responses')['404'] ??= PROBLEM
    // …and what is going already may be 405 (its pull request 69).
    if (path['delete'] !== undefined) at(path['delete'] as Node, 'responses')['405'] ??= PROBLEM
  }
}

const CORRECTIONS: Readonly<Record<string, (document: Node) => void>> = {
  storage: (document) => {
    // The SDK sends `bootable` with a change, and the cloud heeds it (Arubacloud/sdk-go 272).
    at(document, 'components', 'schemas', 'VolumeUpdatePropertiesDto', 'properties')['bootable'] = { type: 'boolean', nullable: true }
  },
  compute: (document) => {
    // The list of key pairs is described as one of them; the SDK reads it as any other list.
    const schemas = at(document, 'components', 'schemas')
    const servers = at(schemas, 'CloudServerListResponseDto', 'properties')
    const values = { type: 'array', items: { $ref: '#/components/schemas/KeyPairResponseDto' } }
    schemas['KeyPairListResponseDto'] = { type: 'object', properties: { ...servers, values } }
    const list = at(document, 'paths', '/projects/{projectId}/providers/Aruba.Compute/keyPairs', 'get', 'responses', '200')
    list['content'] = { 'application/json': { schema: { $ref: '#/components/schemas/KeyPairListResponseDto' } } }
  },
}

const FILES = { project: 'project', network: 'network-provider', storage: 'storage-provider', compute: 'compute-provider' } as const

/** Says what is wrong about what the cloud was asked and answered. */
export class Documents {
  readonly #documents: Readonly<Record<string, ApiDocument>>
  readonly complaints: string[] = []
  seen = 0

  constructor(root: string) {
    const load = ([name, file]: readonly [string, string]) =>
      [
        name,
        new ApiDocument(join(root, `${file}.json`), (document) =>
          [everywhere, CORRECTIONS[name]].forEach((correct) => correct?.(document)),
        ),
      ] as const
    this.#documents = Object.fromEntries([...Object.entries(FILES), ['servers', 'compute-provider_v1.1'] as const].map(load))
  }

  look({ method, path, query, body }: Call, { status, body: answer }: Reply): void {
    // What stands in front of the API is in no document.
    if (path.join('/') === TOKEN_PATH.join('/') || [401, 429].includes(status) || status >= 500) return
    const text = `/${path.join('/')}`
    const name = /Aruba\.(Network|Storage|Compute)/.exec(text)?.[1]?.toLowerCase() ?? 'project'
    const document = method === 'POST' && text.endsWith('/cloudServers') ? 'servers' : name
    this.seen++
    const found = this.#documents[document]?.complaints({ method, path: text, query, body, status, answer }) ?? []
    for (const one of found.map((words) => words.replaceAll(/\b[0-9a-f]{24}\b/g, '…')))
      if (this.complaints.length < 50 && !this.complaints.includes(one)) this.complaints.push(one)
  }
}
