import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CommonStatus } from '../kinds/common.ts'
import { KINDS, kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { objectSchema } from './crd.ts'
import { EXCEPTIONS } from './exceptions.ts'
import { type Structural, structural } from './structural.ts'

/** A node of the vendored contract. */
interface Contract {
  type?: string
  $ref?: string
  fields?: (Contract & { name: string; requiredBySpec: boolean })[]
  items?: Contract
  values?: Contract
  constraints?: Record<string, unknown> & { rules?: string[] }
  enum?: string[]
  default?: unknown
  format?: string
  nullable?: boolean
}
interface Resource {
  api: string
  plural: string
  schema: string
  specSchema: string
  statusSchema: string | null
  kind: string | null
  scope: string
  readOnly: boolean
  actions: string[]
  refFormat: string
  transitionRules: Record<string, string>
}
interface Difference {
  path: string
  constraint: string
  contract: unknown
  here: unknown
}

const read = <T>(name: string) => JSON.parse(readFileSync(join(import.meta.dirname, 'contract', name), 'utf8')) as T
const { schemas } = read<{ schemas: Record<string, Contract> }>('schemas.json')
const resources = read<Resource[]>('resources.json')
const secaKinds = KINDS.filter((kind) => kind.api.startsWith('seca.'))

/** CEL that stands for a rule of the contract; transition rules on optional fields need one on the parent as well. */
const CEL: Readonly<Record<string, string>> = {
  immutable: 'self == oldSelf',
  immutableOnceSet: 'self == oldSelf',
  neverDecreases: 'self >= oldSelf',
  cidr: 'isCIDR(self)',
  emptyOrIp: "self == '' || isIP(self)",
  emptyOrIpv4Cidr: 'isCIDR(self) && cidr(self).ip().family() == 4',
  emptyOrIpv6Cidr: 'isCIDR(self) && cidr(self).ip().family() == 6',
  everyItemIp: 'isIP(self)',
}
const CONSTRAINTS = ['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'maxProperties', 'pattern'] as const
const TYPES: Readonly<Record<string, string>> = { map: 'object', any: 'object' }

const cel = (node: Structural | undefined) => (node?.['x-kubernetes-validations'] ?? []).map(({ rule }) => rule)

function resolved(node: Contract): Contract {
  if (!node.$ref) return node
  const target = resolved(schemas[node.$ref]!)
  return { ...target, ...node, constraints: { ...target.constraints, ...node.constraints } }
}

function compare(reference: Contract, here: Structural | undefined, path: string): Difference[] {
  const contract = resolved(reference)
  const found: Difference[] = []
  const differ = (constraint: string, theirs: unknown, ours: unknown) => {
    if (JSON.stringify(theirs) !== JSON.stringify(ours)) found.push({ path, constraint, contract: theirs, here: ours })
  }
  if (!here) return [{ path, constraint: 'field', contract: contract.type, here: undefined }]
  differ('type', TYPES[contract.type ?? ''] ?? contract.type, here.type)
  differ('enum', contract.enum?.toSorted(), (here.enum as string[] | undefined)?.toSorted())
  differ('default', contract.default, here.default)
  differ('nullable', contract.nullable, undefined)
  if (contract.type === 'string') differ('format', contract.format, here.format)
  for (const constraint of CONSTRAINTS) {
    const isSaidByEnum =
      constraint === 'maxLength' && contract.enum?.every((value) => value.length <= Number(contract.constraints?.[constraint] ?? 0))
    if (!isSaidByEnum) differ(constraint, contract.constraints?.[constraint], here[constraint])
  }
  const missing = (contract.constraints?.rules ?? []).filter(
    (rule) => !cel(rule === 'everyItemIp' ? here.items : here).includes(CEL[rule]!),
  )
  differ('rules', missing, [])

  if (contract.values) {
    if (resolved(contract.values).type === 'any') differ('free', true, here['x-kubernetes-preserve-unknown-fields'])
    else found.push(...compare(contract.values, here.additionalProperties, `${path}{}`))
  }
  if (contract.items) found.push(...compare(contract.items, here.items, `${path}[]`))
  const names = new Set((contract.fields ?? []).map(({ name }) => name))
  for (const field of contract.fields ?? []) {
    const at = `${path}.${field.name}`
    found.push(...compare(field, here.properties?.[field.name], at))
    const required = here.required?.includes(field.name) ?? false
    if (field.requiredBySpec !== required) found.push({ path: at, constraint: 'required', contract: field.requiredBySpec, here: required })
  }
  for (const name of Object.keys(here.properties ?? {}))
    if (contract.fields && !names.has(name)) found.push({ path: `${path}.${name}`, constraint: 'field', contract: undefined, here: name })
  return found
}

/** SECA's conditions are our history; what the engine alone records is not the contract's business. */
function statusAsInContract(kind: Kind): Structural {
  const { properties: common } = structural(CommonStatus, `${kind.kind}.status`)
  const own = structural(kind.status!, `${kind.kind}.status`)
  return { type: 'object', properties: { state: common!['state']!, conditions: common!['history']!, ...own.properties } }
}

function differences(kind: Kind): Difference[] {
  const resource = resources.find(({ schema }) => schema === kind.kind)!
  const hasStatus = { contract: resource.statusSchema !== null, here: kind.status !== undefined }
  const extensions = schemas[kind.kind]!.fields!.find(({ name }) => name === 'extensions')
  return [
    ...compare(schemas[resource.specSchema]!, structural(kind.spec, kind.kind), `${kind.kind}.spec`),
    ...(hasStatus.contract === hasStatus.here ? [] : [{ path: `${kind.kind}.status`, constraint: 'field', ...hasStatus }]),
    ...(resource.statusSchema ? compare(schemas[resource.statusSchema]!, statusAsInContract(kind), `${kind.kind}.status`) : []),
    ...(extensions ? compare(extensions, objectSchema(kind).properties!['extensions'], `${kind.kind}.extensions`) : []),
  ]
}

/** Update rules of a collection that the spec's schema does not have. */
function missingTransitions(resource: Resource, spec: Structural): string[] {
  return Object.entries(resource.transitionRules).flatMap(([path, rule]) => {
    const field = path.replace(/^spec\./, '')
    const kept = spec.required?.includes(field) || cel(spec).includes(`!has(oldSelf.${field}) || has(self.${field})`)
    const ruled = cel(spec.properties?.[field]).includes(CEL[rule] ?? `no CEL for ${rule}`)
    return kept && ruled ? [] : [`${path}: ${rule}`]
  })
}

const matches = (exception: { path: string; constraint: string }, difference: Difference) =>
  exception.constraint === difference.constraint &&
  new RegExp(`^${exception.path.split('*').map(RegExp.escape).join('.*')}$`).test(difference.path)

describe('drift from the SECA contract', () => {
  it.each(secaKinds.map((kind) => kind.kind))('%s says what the contract says', (name) => {
    const unexplained = differences(kindNamed(name)!).filter(
      (difference) => !EXCEPTIONS.some((exception) => matches(exception, difference)),
    )
    expect(unexplained).toEqual([])
  })

  it('has no exception that nothing needs', () => {
    const all = secaKinds.flatMap(differences)
    expect(EXCEPTIONS.filter((exception) => !all.some((difference) => matches(exception, difference)))).toEqual([])
  })

  it.each(resources.filter(({ schema }) => kindNamed(schema)))('$schema: collection, scope and update rules', (resource) => {
    const kind = kindNamed(resource.schema)!
    const isNested = resource.scope === 'network'
    expect({
      api: kind.api,
      collection: kind.collection,
      kind: kind.secaKind,
      actions: (kind.actions ?? []).toSorted(),
      isNested: kind.parent !== undefined,
      readOnly: kind.catalog ?? false,
      scope: kind.catalog ? resource.scope : kind.scope,
    }).toEqual({
      api: resource.api,
      collection: resource.plural,
      kind: resource.kind,
      actions: resource.actions,
      isNested,
      readOnly: resource.readOnly,
      scope: isNested ? 'workspace' : resource.scope,
    })
    expect(missingTransitions(resource, objectSchema(kind).properties!['spec']!)).toEqual([])
  })

  it('serves every foundation collection', () => {
    const foundation = resources.filter((resource) => (resource as Resource & { group: string }).group === 'foundation')
    expect(foundation.map(({ schema }) => schema).filter((schema) => !kindNamed(schema))).toEqual([])
  })
})
