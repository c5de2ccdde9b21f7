import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import { parse } from 'yaml'

/** A request and its answer. */
export interface Exchange {
  readonly method: string
  /** Below the document's server, without the query. */
  readonly path: string
  readonly query?: URLSearchParams
  readonly body?: unknown
  readonly status: number
  readonly answer?: unknown
}

type Node = { [key: string]: unknown }
interface Operation {
  readonly at: string
  readonly node: Node
}

const ID = 'document'

/**
 * A provider's own OpenAPI 3.0 document: says what is wrong about an exchange. A property that a schema does not name, a path, a query or a status
 * that the document does not have, and whatever JSON Schema refuses.
 */
export class ApiDocument {
  readonly #document: Node
  readonly #ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
  readonly #validators = new Map<string, ValidateFunction>()
  readonly #paths: readonly { readonly pattern: RegExp; readonly template: string; readonly hasParameter: boolean }[]

  /** `correct` changes the document where its provider's cloud is known to be another; it says so, each time. */
  constructor(file: string, correct: (document: Node) => void = () => undefined) {
    this.#document = parse(readFileSync(file, 'utf8')) as Node
    correct(this.#document)
    close(this.#document)
    this.#ajv.addSchema({ $id: ID, ...this.#document })
    this.#paths = Object.keys(this.#at('paths'))
      .map((template) => ({
        template,
        pattern: new RegExp(`^${template.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`).replaceAll(/\{[^}]+\}/g, '[^/]+')}/?$`),
        hasParameter: template.includes('{'),
      }))
      .toSorted((a, b) => Number(a.hasParameter) - Number(b.hasParameter))
  }

  /** What is wrong; empty = nothing. Of a refusal only the answer is looked at: the request may have been what was refused. */
  complaints(exchange: Exchange): readonly string[] {
    const { method, path, status, body, answer, query } = exchange
    const about = `${method} ${path} ${status}`
    const operation = this.#operation(method, path)
    if (operation === undefined) return [404, 405].includes(status) ? [] : [`${about}: no such operation in the document`]
    const found: string[] = []
    if (status < 400) {
      const names = this.#parameters(operation).filter((one) => one['in'] === 'query')
      for (const key of query?.keys() ?? [])
        if (!names.some(({ name }) => isName(String(name), key))) found.push(`${about}: query ${key} is not in the document`)
      const sent = this.#content(this.#child(operation, 'requestBody'))
      if (sent === undefined && hasContent(body)) found.push(`${about}: a body that the document does not know`)
      if (sent !== undefined) found.push(...this.#check(sent, body, `${about}: request`))
    }
    const responses = this.#child(operation, 'responses')
    const response = this.#child(responses, String(status)) ?? (status >= 400 ? this.#child(responses, 'default') : undefined)
    if (response === undefined) return [...found, `${about}: status is not in the document`]
    const schema = this.#content(response)
    return schema === undefined ? found : [...found, ...this.#check(schema, answer, `${about}: answer`)]
  }

  #check(pointer: string, value: unknown, about: string): readonly string[] {
    const validate = this.#validators.get(pointer) ?? this.#ajv.compile({ $ref: `${ID}${pointer}` })
    this.#validators.set(pointer, validate)
    if (validate(value)) return []
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${about}: ${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
    )
  }

  #operation(method: string, path: string): Operation | undefined {
    const place = this.#paths.find(({ pattern, template }) => pattern.test(path) && method.toLowerCase() in this.#at('paths', template))
    if (place === undefined) return undefined
    const at = `#/paths/${escaped(place.template)}/${method.toLowerCase()}`
    return { at, node: this.#at('paths', place.template, method.toLowerCase()) }
  }

  #parameters({ at, node }: Operation): readonly Node[] {
    const ofPath = this.#resolve(at.split('/').slice(0, -1).join('/'))?.node['parameters']
    const all = [ofPath, node['parameters']].flatMap((list) => (Array.isArray(list) ? (list as Node[]) : []))
    return all.map((one) => (typeof one['$ref'] === 'string' ? (this.#resolve(one['$ref'])?.node ?? one) : one))
  }

  /** What lies below a node, through its `$ref`. */
  #child(parent: Operation | undefined, key: string): Operation | undefined {
    const child = parent?.node[key] as Node | undefined
    if (parent === undefined || child === undefined) return undefined
    return typeof child['$ref'] === 'string' ? this.#resolve(child['$ref']) : { at: `${parent.at}/${escaped(key)}`, node: child }
  }

  /** Where the schema of a body stands. */
  #content(parent: Operation | undefined): string | undefined {
    const content = this.#child(parent, 'content')
    const type = Object.keys(content?.node ?? {})[0]
    const media = type === undefined ? undefined : this.#child(content, type)
    return media?.node['schema'] === undefined ? undefined : `${media.at}/schema`
  }

  #resolve(pointer: string): Operation | undefined {
    const keys = pointer
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    const node = keys.reduce<unknown>((sum, key) => (sum as Node | undefined)?.[decodeURIComponent(key)], this.#document)
    return typeof node === 'object' && node !== null ? { at: pointer, node: node as Node } : undefined
  }

  #at(...keys: readonly string[]): Node {
    return keys.reduce<Node>((node, key) => (node[key] ?? {}) as Node, this.#document)
  }
}

/** `filter.name` and the like are described once, as `filter.query`, or not at all. */
function isName(name: string, key: string): boolean {
  return name === key || (name.startsWith('filter') && key.startsWith('filter.'))
}

const hasContent = (body: unknown) => typeof body === 'object' && body !== null && Object.keys(body).length > 0
const escaped = (key: string) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))

/** Objects hold what their schema names and nothing else, and `null` where it is said: so a slip of the pen is found. */
function close(node: unknown): void {
  if (typeof node !== 'object' || node === null) return
  for (const child of Object.values(node)) close(child)
  const schema = node as Node
  const isObject = typeof schema['properties'] === 'object' && schema['additionalProperties'] === undefined
  const isWhole = !['allOf', 'oneOf', 'anyOf'].some((key) => key in schema)
  if (isObject && isWhole && (schema['type'] === undefined || schema['type'] === 'object')) schema['additionalProperties'] = false
  // Some enums of properties leave out the null that `nullable` allows.
  if (schema['nullable'] === true && Array.isArray(schema['enum'])) (schema['enum'] as unknown[]).push(null)
  // Ajv knows `nullable` beside a type only; other documents have it beside `allOf`.
  if (schema['nullable'] === true && schema['type'] === undefined && Array.isArray(schema['allOf'])) {
    schema['anyOf'] = [{ allOf: schema['allOf'] }, { enum: [null] }]
    delete schema['allOf']
    delete schema['nullable']
  }
}
