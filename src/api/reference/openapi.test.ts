import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { testCache } from '../../cache/testing.ts'
import { EXCEPTIONS } from '../../schema/exceptions.ts'
import { validateSpec } from '../../schema/validate.ts'
import { testApp } from '../app-testing.ts'
import { example } from './example.ts'
import { type Method, type OpenApi, openApi, type Operation, type Parameter } from './openapi.ts'
import { SURFACES } from '../path/surface.ts'

interface ContractParameter {
  name: string
  required: boolean
  type: string
  [constraint: string]: unknown
}
interface ContractOperation {
  api: string
  operationId: string
  method: string
  path: string
  kind: string
  pathParams: ContractParameter[]
  queryParams: ContractParameter[]
  headerParams: ContractParameter[]
  requestBody: string | null
  responses: Record<string, string | null>
}
interface ContractNode {
  type?: string
  $ref?: string
  aliasOf?: string
  fields?: (ContractNode & { name: string; requiredBySpec: boolean })[]
  items?: ContractNode
  values?: ContractNode
  constraints?: Record<string, unknown>
  enum?: string[]
  format?: string
}

const read = <T>(name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '../../schema/contract', name), 'utf8')) as T
const operations = read<ContractOperation[]>('operations.json')
const { schemas: contract } = read<{ schemas: Record<string, ContractNode> }>('schemas.json')
const document = openApi('direct', 'https://seca.test')

/** Where the contract's path is here: below the base URL of its API. */
const pathHere = ({ api, path }: ContractOperation) => (path.startsWith('/.wellknown') ? path : `/providers/${api.split('/')[0]}${path}`)
const here = (operation: ContractOperation) => document.paths[pathHere(operation)]?.[operation.method.toLowerCase() as Method]

/** Statuses that every HTTP server may answer, and those that the specification's prose names (contract §6.1). */
const MORE = ['406', '413', '415', '503']

describe('the OpenAPI document and the contract', () => {
  it('have the same operations', () => {
    const ours = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(operations).toHaveLength(68)
    expect(ours.toSorted()).toEqual(operations.map((operation) => `${operation.method} ${pathHere(operation)}`).toSorted())
  })

  it.each(operations.map((operation) => [`${operation.method} ${operation.api} ${operation.path}`, operation] as const))(
    '%s',
    (_name, operation) => {
      const found = here(operation) as Operation
      expect(found.operationId.split('_')[0]).toBe(operation.operationId)
      const wanted = [
        ...operation.pathParams.map((one) => ({ ...one, in: 'path' })),
        ...operation.queryParams.map((one) => ({ ...one, in: 'query' })),
        ...operation.headerParams.map((one) => ({ ...one, in: 'header' })),
      ].map(({ name, required, in: place, ...schema }) => ({ name, in: place, required, schema }))
      const ours = (found.parameters ?? []).map(({ name, in: place, required, schema }: Parameter) => ({
        name,
        in: place,
        required,
        schema,
      }))
      const order = (list: { name: string }[]) => list.toSorted((one, other) => (one.name < other.name ? -1 : 1))
      expect(order(ours)).toEqual(order(wanted as { name: string }[]))

      const body = found.requestBody?.content['application/json']?.schema['$ref'] as string | undefined
      expect(body?.split('/').at(-1) ?? null).toBe(operation.requestBody)

      // The contract gives actions a precondition, but no answer for one that fails.
      const missing = operation.kind === 'action' ? ['412'] : []
      expect(Object.keys(found.responses).filter((code) => !MORE.includes(code) && !missing.includes(code))).toEqual(
        Object.keys(operation.responses).toSorted(),
      )
      for (const [code, schema] of Object.entries(operation.responses)) {
        const ref = found.responses[code]?.content?.['application/json']?.schema['$ref'] as string | undefined
        const name = ref?.split('/').at(-1) ?? null
        // The contract has one SkuIterator in each API, and one name for each status of an error.
        const isSku = schema === 'SkuIterator' && name?.endsWith('SkuIterator') === true
        expect(isSku ? schema : name === 'Error' ? `Error${code}` : name).toBe(schema)
      }
    },
  )
})

type Node = Readonly<Record<string, unknown>>

const resolve = (node: ContractNode): ContractNode => {
  const target = node.$ref ?? node.aliasOf
  if (target === undefined) return node
  const inner = resolve(contract[target]!)
  return { ...inner, ...node, constraints: { ...inner.constraints, ...node.constraints } }
}
const resolveHere = (node: Node): Node => {
  const ref = node['$ref'] as string | undefined
  return ref === undefined ? node : { ...document.components.schemas[ref.split('/').at(-1)!]!, ...node }
}

const TYPES: Readonly<Record<string, string>> = { map: 'object' }
const KEYWORDS = ['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'pattern'] as const

/** Everything that a client could tell apart, path by path. */
function differences(theirs: ContractNode, ours: Node | undefined, path: string): string[] {
  if (ours === undefined) return [`${path} field`]
  const [node, found] = [resolve(theirs), resolveHere(ours)]
  const type = TYPES[node.type ?? ''] ?? node.type
  const list: string[] = []
  if (type !== 'any' && type !== found['type']) list.push(`${path} type`)
  const values = node.enum ?? (found['enum'] as string[] | undefined)
  for (const keyword of KEYWORDS) {
    const isSaidByEnum = values !== undefined && keyword.endsWith('Length')
    if (!isSaidByEnum && JSON.stringify(node.constraints?.[keyword]) !== JSON.stringify(found[keyword])) list.push(`${path} ${keyword}`)
  }
  if (node.enum && !(found['enum'] as string[]).every((value) => node.enum!.includes(value))) list.push(`${path} enum`)
  if (node.format === 'date-time' && found['format'] !== 'date-time') list.push(`${path} format`)
  if (node.items) list.push(...differences(node.items, found['items'] as Node | undefined, `${path}[]`))
  if (node.values) list.push(...differences(node.values, found['additionalProperties'] as Node | undefined, `${path}{}`))
  const properties = (found['properties'] ?? {}) as Record<string, Node>
  const required = (found['required'] ?? []) as string[]
  for (const field of node.fields ?? []) {
    list.push(...differences(field, properties[field.name], `${path}.${field.name}`))
    if (field.requiredBySpec && !required.includes(field.name)) list.push(`${path}.${field.name} required`)
  }
  if (node.fields)
    for (const name of Object.keys(properties)) if (!node.fields.some((field) => field.name === name)) list.push(`${path}.${name} field`)
  return list
}

describe('schemas', () => {
  const names = [
    ...SURFACES.map(({ kind }) => kind.kind),
    ...new Set(SURFACES.map(({ metadataSchema }) => metadataSchema)),
    'Error',
    'ErrorSource',
    'Reference',
    'StatusCondition',
    'Labels',
    'Annotations',
    'Extensions',
    'ResponseMetadata',
    'Wellknown',
  ]
  /** On purpose, besides what {@link EXCEPTIONS} lists for the stored resource. */
  const known = (difference: string) => {
    const [path = '', keyword = ''] = difference.split(' ')
    // contract §11.12; and what a status can weigh in etcd is bounded.
    if (difference === 'ResponseMetadata.skipToken maxLength' || difference === 'StatusCondition.type maxLength') return true
    return EXCEPTIONS.some(
      (exception) =>
        exception.constraint === keyword && new RegExp(`^${exception.path.split('*').map(RegExp.escape).join('.*')}$`).test(path),
    )
  }

  it.each(names)('%s is the one of the contract', (name) => {
    const root = contract[name]!
    expect(differences(root, document.components.schemas[name], name).filter((difference) => !known(difference))).toEqual([])
  })

  it('is one valid document: every reference leads somewhere, every operation id is unique, nothing of Kubernetes is in it', () => {
    const text = JSON.stringify(document)
    const refs = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]!)
    expect(refs.filter((name) => !(name in document.components.schemas))).toEqual([])
    const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId))
    expect(new Set(ids).size).toBe(ids.length)
    expect(text).not.toMatch(/x-kubernetes|cloudProvider|powerState":\{[^}]*wanted/)
  })

  it.each(SURFACES.filter(({ isReadOnly }) => !isReadOnly).map(({ kind }) => [kind.kind, kind] as const))(
    'the example of %s is valid',
    (_name, kind) => {
      const { spec } = example(kind)
      expect(validateSpec(kind, spec)).toMatchObject({ ok: true })
    },
  )

  it('is served, for each door with its own paths', async () => {
    const app = testApp(testCache())
    const direct = (await app.call('GET', '/openapi.json')).json as unknown as OpenApi
    expect(direct).toEqual(JSON.parse(JSON.stringify(document)))
    const aggregated = (await app.call('GET', '/openapi.json', { door: 'aggregated' })).json as unknown as OpenApi
    expect(Object.keys(aggregated.paths).filter((path) => !path.startsWith('/apis/seca.'))).toEqual(['/.wellknown/secapi'])
    expect(Object.keys(aggregated.paths)).toHaveLength(Object.keys(direct.paths).length)
  })
})
