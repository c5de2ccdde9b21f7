import * as z from 'zod'
import { HISTORY_LIMIT, HistoryEntry, ItemStatus, STATES } from '../../kinds/common.ts'
import { Reference } from '../../kinds/ref.ts'
import { SURFACES, type Surface } from '../path/surface.ts'

/** A JSON Schema node (OpenAPI 3.1 = JSON Schema 2020-12). */
export type Schema = Readonly<Record<string, unknown>>

export const schemaRef = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })

const text = (minLength: number, maxLength: number, more: Schema = {}): Schema => ({ type: 'string', minLength, maxLength, ...more })
const object = (properties: Record<string, Schema>, required: readonly string[], more: Schema = {}): Schema => ({
  type: 'object',
  ...more,
  properties,
  ...(required.length === 0 ? {} : { required: [...required] }),
})
const time = (description: string): Schema => ({ type: 'string', format: 'date-time', description })

/** SECA's name pattern (contract §1). */
export const NAME_SCHEMA: Schema = text(1, 128, { pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$' })

/** Everything below `components.schemas`, from the registry. */
export function schemas(): Record<string, Schema> {
  return {
    ...Object.fromEntries(SURFACES.flatMap(resourceSchemas)),
    ...Object.fromEntries(SURFACES.map((surface) => [surface.metadataSchema, metadataSchema(surface)])),
    ...common(),
  }
}

const common = (): Record<string, Schema> => ({
  ResourceState: {
    type: 'string',
    enum: [...STATES],
    description: 'pending: accepted, waiting; creating; active: as wanted; updating: usable, being changed; deleting; error.',
  },
  StatusCondition: json(HistoryEntry),
  Status: object({ state: schemaRef('ResourceState'), conditions: conditions() }, ['conditions'], { description: 'What is there.' }),
  Reference: {
    ...json(Reference),
    description: 'Names another resource: a name, type/name or a full URN. On input, the plain string is understood too.',
  },
  Labels: { type: 'object', additionalProperties: { type: 'string', maxLength: 63 }, description: 'What lists can be filtered by.' },
  Annotations: { type: 'object', additionalProperties: { type: 'string', maxLength: 1024 }, description: 'Free notes.' },
  Extensions: { type: 'object', additionalProperties: { type: 'string' }, description: 'Extensions of the provider.' },
  ResponseMetadata: object(
    {
      provider: text(1, 64),
      resource: text(1, 256),
      verb: text(1, 7),
      skipToken: { type: 'string', description: 'Give it as skipToken for the next page; absent on the last one.' },
    },
    ['provider', 'resource', 'verb'],
  ),
  Error: object(
    {
      type: text(1, 4000, { description: 'What kind of problem it is, as a URI.' }),
      title: text(1, 1024),
      status: { type: 'number', minimum: 100, maximum: 599 },
      detail: text(1, 32_768, { description: 'What is wrong and what to do.' }),
      instance: text(1, 256, { description: 'Path of the request.' }),
      sources: { type: 'array', maxItems: 32, items: schemaRef('ErrorSource'), description: 'Where in the request it is.' },
      meta: { type: 'object', additionalProperties: true, description: 'code: the error in one word.' },
    },
    ['type', 'title', 'status', 'detail', 'instance', 'sources'],
    { description: 'Problem document (RFC 7807).' },
  ),
  ErrorSource: object(
    {
      pointer: text(1, 256, { description: 'JSON Pointer into the body.' }),
      parameter: text(1, 64, { description: 'Parameter of path, query or header; "body" for the body.' }),
    },
    ['pointer', 'parameter'],
  ),
  Wellknown: object(
    {
      version: { type: 'string', minLength: 1 },
      endpoints: {
        type: 'array',
        minItems: 1,
        maxItems: 64,
        items: object({ provider: { type: 'string', minLength: 1 }, url: { type: 'string', minLength: 1 } }, ['provider', 'url']),
      },
    },
    ['version', 'endpoints'],
  ),
})

function conditions(): Schema {
  return { type: 'array', maxItems: HISTORY_LIMIT, items: schemaRef('StatusCondition'), description: 'History of states, newest first.' }
}

/** The resource itself, its spec, its status and its list. */
function resourceSchemas(surface: Surface): [string, Schema][] {
  const { kind, hasLabels, hasStatus, isReadOnly } = surface
  const tags = { labels: schemaRef('Labels'), annotations: schemaRef('Annotations'), extensions: schemaRef('Extensions') }
  const readOnly = (name: string): Schema => ({ ...schemaRef(name), readOnly: true })
  const resource = object(
    {
      ...(hasLabels ? tags : {}),
      metadata: isReadOnly ? schemaRef(surface.metadataSchema) : readOnly(surface.metadataSchema),
      spec: schemaRef(`${kind.kind}Spec`),
      ...(hasStatus ? { status: readOnly(`${kind.kind}Status`) } : {}),
    },
    ['metadata', 'spec', ...(hasStatus ? ['status'] : [])],
    { description: kind.description },
  )
  const iterator = object({ items: { type: 'array', items: schemaRef(kind.kind) }, metadata: schemaRef('ResponseMetadata') }, [
    'items',
    'metadata',
  ])
  return [
    [kind.kind, resource],
    [`${kind.kind}Spec`, specSchema(surface)],
    ...(hasStatus ? [[`${kind.kind}Status`, statusSchema(surface)] as [string, Schema]] : []),
    [`${kind.kind}Iterator`, iterator],
  ]
}

function specSchema({ kind, isReadOnly }: Surface): Schema {
  const schema = json(kind.spec)
  if (!isReadOnly || schema['properties'] === undefined) return schema
  // What is rendered is always there; the stored object may leave it out.
  const { properties } = schema as { properties: Record<string, Schema> }
  return { ...schema, required: Object.keys(properties) }
}

function statusSchema({ kind }: Surface): Schema {
  const own = (json(kind.status ?? z.object({})) as { properties?: Record<string, Schema> }).properties ?? {}
  return object({ state: schemaRef('ResourceState'), ...own, conditions: conditions() }, [
    'conditions',
    ...Object.keys(kind.initialStatus ?? {}),
  ])
}

function metadataSchema({ metadataSchema: name, hasTenant, isRegional, hasHistory, parent, kind }: Surface): Schema {
  const kinds = SURFACES.filter((surface) => surface.metadataSchema === name).map((surface) => surface.kind.secaKind)
  const properties: Record<string, Schema> = {
    name: NAME_SCHEMA,
    provider: text(1, 64, { description: 'API with its version.' }),
    resource: text(1, 256, { description: 'Path below the workspace, tenant or root.' }),
    verb: text(1, 7, { description: 'HTTP method of this request.' }),
    apiVersion: text(1, 16),
    kind: { type: 'string', enum: kinds },
    ref: text(1, 255, { description: 'Full URN, for references.' }),
    ...(hasTenant ? { tenant: text(1, 64) } : {}),
    ...(kind.scope === 'workspace' ? { workspace: text(1, 64) } : {}),
    ...(parent === undefined ? {} : { [parent.parameter]: text(1, 64) }),
    ...(isRegional ? { region: text(1, 64) } : {}),
    ...(hasHistory
      ? {
          createdAt: time('When it was created.'),
          lastModifiedAt: time('When it was last changed.'),
          resourceVersion: {
            type: 'integer',
            format: 'int64',
            minimum: 1,
            description: 'For if-unmodified-since. It moves with the status too: read it once the state is active.',
          },
        }
      : {}),
  }
  const required = Object.keys(properties)
  return object({ ...properties, ...(hasHistory ? { deletedAt: time('When its deletion was asked for.') } : {}) }, required)
}

/** zod as JSON Schema, with references and states by name and nothing of Kubernetes' in it. */
function json(schema: z.ZodType): Schema {
  const { $schema: _, ...converted } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    reused: 'inline',
    cycles: 'throw',
  }) as Record<string, unknown>
  return clean(converted) as Schema
}

const fieldsOf = (schema: z.ZodObject) => Object.keys(schema.shape).toSorted().join()
const NAMED: Readonly<Record<string, string>> = {
  [fieldsOf(Reference)]: 'Reference',
  [fieldsOf(HistoryEntry)]: 'StatusCondition',
  [fieldsOf(ItemStatus)]: 'Status',
}

function clean(node: unknown, isRoot = true): unknown {
  if (Array.isArray(node)) return node.map((item) => clean(item, false))
  if (typeof node !== 'object' || node === null) return node
  const schema = node as Record<string, unknown>
  const properties = schema['type'] === 'object' ? (schema['properties'] as object | undefined) : undefined
  const name = properties && NAMED[Object.keys(properties).toSorted().join()]
  if (name !== undefined && !isRoot)
    return { ...schemaRef(name), ...(schema['description'] === undefined ? {} : { description: schema['description'] }) }
  if (JSON.stringify(schema['enum']) === JSON.stringify(STATES)) return schemaRef('ResourceState')
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !isForeign(schema, key, value))
      .map(([key, value]) => [key, key === 'properties' ? mapValues(value as Record<string, unknown>) : clean(value, false)]),
  )
}

const mapValues = (properties: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, clean(value, false)]))

/** Keywords of CRDs, and bounds that only say how JavaScript counts. */
function isForeign(schema: Record<string, unknown>, key: string, value: unknown): boolean {
  if (key.startsWith('x-kubernetes-') || key === 'propertyNames' || (key === 'additionalProperties' && value === false)) return true
  return schema['type'] === 'integer' && (value === Number.MAX_SAFE_INTEGER || value === Number.MIN_SAFE_INTEGER)
}
