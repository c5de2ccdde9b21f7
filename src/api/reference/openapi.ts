import type { Door } from '../contract.ts'
import { example } from './example.ts'
import { NAME_SCHEMA, type Schema, schemaRef, schemas } from './openapi-schemas.ts'
import { SURFACES, type Surface } from '../path/surface.ts'

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly description?: string
  readonly schema: Schema
}

export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: true; readonly content: Content }
  readonly responses: Readonly<Record<string, ResponseObject>>
  readonly security?: readonly []
}

export interface ResponseObject {
  readonly description: string
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: Schema }>>
  readonly content?: Content
}

type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>
export type Method = 'get' | 'put' | 'delete' | 'post'

export interface OpenApi {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly { readonly url: string; readonly description: string }[]
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<Method, Operation>>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>>; readonly securitySchemes: Schema }
}

const DESCRIPTION = `Sovereign European Cloud API, served from Kubernetes custom resources: what is written here is what kubectl shows.

These are the paths of the default region; another region has the same below its own base path, which its catalogue entry
(GET …/v1/regions/{name}) tells. A PUT replaces the whole resource; 201 or 200 speak of the record, status.state of what is
behind it. Errors are problem documents with the place of the mistake in sources. Who makes far more requests than clients do is made
to wait, and in the end answered 429 with Retry-After, whatever the operation.`

/** The OpenAPI 3.1 document of everything that is served behind a door, made from the registry. */
export function openApi(door: Door, base: string): OpenApi {
  const paths: Record<string, Partial<Record<Method, Operation>>> = {}
  const unique = uniqueIds()
  for (const surface of SURFACES) {
    const prefix = door === 'direct' ? `/providers/${surface.api}` : `/apis/${surface.api}`
    const collection = `${prefix}/${surface.segments.join('/')}`
    const item = `${collection}/{name}`
    paths[collection] = { get: listOf(surface, unique) }
    paths[item] = {
      get: getOf(surface, unique),
      ...(surface.isReadOnly ? {} : { put: putOf(surface, unique), delete: deleteOf(surface, unique) }),
    }
    for (const action of surface.kind.actions ?? []) paths[`${item}/${action}`] = { post: actionOf(surface, action, unique) }
  }
  paths['/.wellknown/secapi'] = { get: wellknownOperation() }
  return {
    openapi: '3.1.1',
    info: { title: 'SECA API', version: '1.7', description: DESCRIPTION },
    servers: [
      { url: base, description: door === 'direct' ? 'Direct: with a SECA token.' : 'Through the kube-apiserver: with a Kubernetes token.' },
    ],
    tags: [...new Set(SURFACES.map(({ kind }) => kind.api))].map((name) => ({ name, description: kindsOf(name) })),
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: schemas(),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', ...(door === 'direct' ? { bearerFormat: 'JWT' } : {}) } },
    },
  }
}

const kindsOf = (api: string): string =>
  SURFACES.filter(({ kind }) => kind.api === api)
    .map(({ kind }) => readable(kind.collection))
    .join(', ')

/** `BlockStorages` and `BlockStorage`, from the collection's name. */
function namesOf({ kind }: Surface): { plural: string; singular: string } {
  const plural = kind.collection
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
  return { plural, singular: plural.replace(/s$/, '') }
}

type Ids = (id: string, api: string) => string

/** The contract has `listSkus` in three APIs; in one document the later ones carry their API's name. */
function uniqueIds(): Ids {
  const used = new Set<string>()
  return (id, api) => {
    const unique = used.has(id) ? `${id}_${api.replace('seca.', '')}` : id
    used.add(unique)
    return unique
  }
}

const LISTING: readonly Parameter[] = [
  {
    name: 'labels',
    in: 'query',
    required: false,
    schema: { type: 'string' },
    description: 'Label selector: env=prod, env!=prod, *e*=*x*, size>3, env in (a,b), env notin (a,b), env; commas mean and.',
  },
  {
    name: 'limit',
    in: 'query',
    required: false,
    schema: { type: 'integer', minimum: 1, maximum: 10_000, default: 1_000 },
    description: 'Page size.',
  },
  { name: 'skipToken', in: 'query', required: false, schema: { type: 'string' }, description: 'metadata.skipToken of the page before.' },
  {
    name: 'Accept',
    in: 'header',
    required: false,
    schema: {
      type: 'string',
      enum: ['application/json', 'application/json; deleted=only', 'application/json; deleted=true'],
      default: 'application/json',
    },
    description: 'deleted=true shows resources that are being deleted too, deleted=only just those.',
  },
]

const PRECONDITION: Parameter = {
  name: 'if-unmodified-since',
  in: 'header',
  required: false,
  schema: { type: 'integer' },
  description: 'Only if metadata.resourceVersion is exactly this; otherwise 412.',
}

function pathParameters(surface: Surface, isItem: boolean): Parameter[] {
  const names = surface.segments.filter((segment) => segment.startsWith('{')).map((segment) => segment.slice(1, -1))
  const parents = names.map((name): Parameter => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', minLength: 1, maxLength: 64 },
  }))
  return isItem ? [...parents, { name: 'name', in: 'path', required: true, schema: NAME_SCHEMA }] : parents
}

function listOf(surface: Surface, unique: Ids): Operation {
  const { plural } = namesOf(surface)
  return {
    operationId: unique(`list${plural}`, surface.api),
    summary: `List ${spaced(surface)}s`,
    tags: [surface.kind.api],
    parameters: [...pathParameters(surface, false), ...LISTING],
    responses: { '200': ok(`${surface.kind.kind}Iterator`, 'A page, by name.'), ...errors(400, 401, 403, 406, 500, 503) },
  }
}

function getOf(surface: Surface, unique: Ids): Operation {
  return {
    operationId: unique(`get${namesOf(surface).singular}`, surface.api),
    summary: `Read one ${spaced(surface)}`,
    tags: [surface.kind.api],
    parameters: pathParameters(surface, true),
    responses: { '200': ok(surface.kind.kind, 'The resource.'), ...errors(400, 401, 403, 404, 406, 500, 503) },
  }
}

function putOf(surface: Surface, unique: Ids): Operation {
  const { kind } = surface
  const location = { Location: { description: 'Path of the resource.', schema: { type: 'string' } } }
  return {
    operationId: unique(`createOrUpdate${namesOf(surface).singular}`, surface.api),
    summary: `Create or replace one ${spaced(surface)}`,
    tags: [kind.api],
    parameters: [...pathParameters(surface, true), PRECONDITION],
    requestBody: { required: true, content: { 'application/json': { schema: schemaRef(kind.kind), example: example(kind) } } },
    responses: {
      '200': ok(kind.kind, 'Replaced.'),
      '201': { ...ok(kind.kind, 'Created.'), headers: location },
      ...errors(400, 401, 403, 404, 406, 409, 412, 413, 415, 422, 500, 503),
    },
  }
}

function deleteOf(surface: Surface, unique: Ids): Operation {
  return {
    operationId: unique(`delete${namesOf(surface).singular}`, surface.api),
    summary: `Delete one ${spaced(surface)}`,
    tags: [surface.kind.api],
    parameters: [...pathParameters(surface, true), PRECONDITION],
    responses: {
      '202': { description: 'It is going; read it until it answers 404.' },
      ...errors(400, 401, 403, 404, 406, 409, 412, 500, 503),
    },
  }
}

function actionOf(surface: Surface, action: string, unique: Ids): Operation {
  return {
    operationId: unique(`${action}${namesOf(surface).singular}`, surface.api),
    summary: `${action.charAt(0).toUpperCase()}${action.slice(1)} one ${spaced(surface)}`,
    tags: [surface.kind.api],
    parameters: [...pathParameters(surface, true), PRECONDITION],
    responses: { '202': { description: 'Accepted.' }, ...errors(400, 401, 403, 404, 406, 409, 412, 500, 503) },
  }
}

const wellknownOperation = (): Operation => ({
  operationId: 'getWellknown',
  summary: 'Find the global APIs',
  tags: ['discovery'],
  security: [],
  responses: { '200': ok('Wellknown', 'Where the global APIs are.'), ...errors(500) },
})

const spaced = ({ kind }: Surface): string => readable(kind.secaKind)

/** `storage-sku` → `storage SKU` */
const readable = (name: string): string => name.replaceAll('-', ' ').replace(/\b(sku|ip|nic)(?=s?\b)/, (word) => word.toUpperCase())

function ok(schema: string, description: string): ResponseObject {
  return { description, content: { 'application/json': { schema: schemaRef(schema) } } }
}

const MEANING: Readonly<Record<number, string>> = {
  400: 'The request is malformed.',
  401: 'No identity, or none that holds.',
  403: 'Not allowed.',
  404: 'It does not exist.',
  406: 'Only JSON is served.',
  409: 'It conflicts with what is there, or is still used.',
  412: 'if-unmodified-since names another version.',
  413: 'The body is larger than 1 MiB, or the resource larger than can be stored.',
  415: 'The body is not JSON.',
  422: 'The content is not valid.',
  500: 'Trouble on this side.',
  503: 'Not ready or not reachable; try again after Retry-After.',
}

function errors(...statuses: readonly number[]): Record<string, ResponseObject> {
  return Object.fromEntries(statuses.map((status) => [String(status), ok('Error', MEANING[status] ?? 'An error.')]))
}
