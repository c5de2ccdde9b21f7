import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Call, Reply } from '../../stand-in/call.ts'
import { ApiDocument } from '../../stand-in/document-testing.ts'

/** The last version of IONOS's own Go SDK that came with the document of Compute API v6. */
const MODULE = 'github.com/ionos-cloud/sdk-go/v6@v6.1.4'

type Node = { [key: string]: unknown }
interface Document extends Node {
  readonly paths: Record<string, Record<string, Node>>
  readonly components: { readonly schemas: Record<string, Node & { properties?: Record<string, Node>; required?: string[] }> }
}

/** The document, or `undefined` where there is no Go to fetch it with: then tests say so, and are skipped. */
export function ionosDocument(): ApiDocument | undefined {
  try {
    const told = execFileSync('go', ['mod', 'download', '-json', MODULE], {
      cwd: tmpdir(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return new ApiDocument(join((JSON.parse(told) as { Dir: string }).Dir, 'api/openapi.yaml'), (document) => correct(document as Document))
  } catch {
    return undefined
  }
}

/** What is wrong about all that a stand-in answered, by the document. */
export function witness(document: ApiDocument) {
  const complaints = new Set<string>()
  const onReply = ({ method, path, query, body }: Call, { status, body: answer }: Reply) => {
    for (const one of document.complaints({ method, path: `/${path.join('/')}`, query, body, status, answer }))
      complaints.add(one.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '*'))
  }
  return { onReply, complaints }
}

const text = { type: 'string', nullable: true }
/** Told in prose alone: `filter.<property>` of every list. */
const FILTER = { name: 'filter.', in: 'query' }

/** Where the cloud is another one than its document of that version says. */
function correct({ paths, components: { schemas } }: Document): void {
  for (const schema of Object.values(schemas)) {
    // A list of depth 0 holds ids alone.
    if (schema.required?.includes('properties')) schema.required = schema.required.filter((one) => one !== 'properties')
    for (const property of Object.values(schema.properties ?? {}))
      if (property['allOf'] !== undefined && property['type'] === 'object') {
        // "type" is said to be an object and a text at once.
        delete property['type']
        // Newer types are not among them.
        if (JSON.stringify(property['allOf']).includes('/Type"'))
          Object.assign(property, { type: 'string' }, (delete property['allOf'], {}))
      }
  }
  for (const { get } of Object.values(paths)) if (Array.isArray(get?.['parameters'])) (get['parameters'] as Node[]).push(FILTER)
  const add = (name: string, more: Record<string, Node>) => Object.assign(((schemas[name] ??= { type: 'object' }).properties ??= {}), more)
  // What can only be written, and what is not set, is null.
  for (const name of ['imagePassword', 'userData', 'bootServer']) add('VolumeProperties', { [name]: text })
  add('VolumeProperties', { sshKeys: { type: 'array', nullable: true, items: { type: 'string' } } })
  // A change names what changes, and nothing else.
  for (const { patch } of Object.values(paths)) {
    const media = Object.values(
      ((patch?.['requestBody'] as Node | undefined)?.['content'] ?? {}) as Record<string, { schema?: { $ref?: string } }>,
    )[0]
    const name = media?.schema?.$ref?.split('/').at(-1) ?? ''
    const { required: _all, ...partial } = schemas[name] ?? {}
    if (media === undefined || schemas[name] === undefined) continue
    schemas[`${name}Change`] = structuredClone(partial)
    media.schema = { $ref: `#/components/schemas/${name}Change` }
  }
  // Added since (models of v6.3.11).
  add('Snapshots', { offset: {}, limit: {}, _links: {} })
  add('DatacenterProperties', { ipv6CidrBlock: text })
  for (const name of ['LanProperties', 'LanPropertiesPost']) add(name, { ipv4CidrBlock: text, ipv6CidrBlock: text })
  const properties = { name: { type: 'string' }, description: { type: 'string' } }
  schemas['SecurityGroup'] = {
    type: 'object',
    properties: { ...envelope(), properties: { type: 'object', properties }, entities: { type: 'object' } },
  }
  schemas['SecurityGroups'] = collectionOf('SecurityGroup')
  schemas['Rule'] = { type: 'object', properties: { ...envelope(), properties: ruleProperties(schemas) } }
  schemas['Rules'] = collectionOf('Rule')
  for (const entities of ['ServerEntities', 'NicEntities', 'DataCenterEntities'])
    add(entities, { securitygroups: { $ref: '#/components/schemas/SecurityGroups' } })
  const root = '/datacenters/{datacenterId}/securitygroups'
  const rules = `${root}/{securityGroupId}/rules`
  paths[root] = { get: answers('200', 'SecurityGroups'), post: answers('202', 'SecurityGroup', 'SecurityGroup') }
  paths[`${root}/{securityGroupId}`] = {
    get: answers('200', 'SecurityGroup'),
    patch: answers('202', 'SecurityGroup', 'Any'),
    delete: answers('202'),
  }
  paths[rules] = { get: answers('200', 'Rules'), post: answers('202', 'Rule', 'Rule') }
  paths[`${rules}/{ruleId}`] = { get: answers('200', 'Rule'), patch: answers('202', 'Rule', 'Any'), delete: answers('202') }
  schemas['Any'] = { type: 'object' }
  for (const owner of ['/datacenters/{datacenterId}/servers/{serverId}', '/datacenters/{datacenterId}/servers/{serverId}/nics/{nicId}'])
    paths[`${owner}/securitygroups`] = { get: answers('200', 'SecurityGroups'), put: answers('202', 'SecurityGroups', 'SecurityGroups') }
}

const envelope = (): Record<string, Node> => ({
  id: { type: 'string' },
  type: { type: 'string' },
  href: { type: 'string' },
  metadata: { $ref: '#/components/schemas/DatacenterElementMetadata' },
})

const collectionOf = (name: string) => ({
  type: 'object',
  properties: {
    ...envelope(),
    items: { type: 'array', items: { $ref: `#/components/schemas/${name}` } },
    offset: {},
    limit: {},
    _links: {},
  },
})

const ruleProperties = (schemas: Document['components']['schemas']): Node => ({
  type: 'object',
  properties: { ...schemas['FirewallruleProperties']?.properties, ipVersion: text, protocol: { type: 'string' } },
})

const queries = ['depth', 'pretty', 'offset', 'limit'].map((name) => ({ name, in: 'query' })).concat(FILTER)
const content = (name: string) => ({ content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } } })
const answers = (status: string, answer?: string, request?: string): Node => ({
  parameters: queries,
  ...(request === undefined ? {} : { requestBody: content(request) }),
  responses: { [status]: answer === undefined ? {} : content(answer), default: content('Error') },
})
