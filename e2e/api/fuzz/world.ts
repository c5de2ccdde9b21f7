import type { OpenApi } from '../../../src/api/reference/openapi.ts'
import { applyManifests, eventually, makeTenant, uniqueTenant } from '../../support/harness.ts'
import { type Api, call } from '../../support/api.ts'

/** A tenant with one of everything, its token, and what references can name. */
export interface Furnished {
  readonly tenant: string
  readonly token: string
}

const WORKSPACE = 'prod'
const NETWORK = 'net'
/** Few names, so that requests meet: what one PUTs, others read, replace and delete. */
const NAMES = ['one', 'two', 'three']

/** Targets that exist, by the field that names them. */
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  BlockStorageSpec_skuRef: ['skus/RD100', 'seca.storage/v1/tenants/seca/skus/RD500'],
  InstanceSpec_skuRef: ['skus/D2XS', 'skus/DM'],
  NetworkSpec_skuRef: ['skus/N1K', 'skus/N5K'],
  NicSpec_skuRef: ['skus/N1K'],
  SubnetSpec_skuRef: ['skus/N1K'],
  sourceImageRef: ['images/one'],
  blockStorageRef: [`workspaces/${WORKSPACE}/block-storages/one`],
  deviceRef: ['block-storages/one', 'two'],
  primaryNicRef: ['nics/one'],
  additionalNicRefs: ['nics/two', 'nics/nowhere'],
  securityGroupRef: ['security-groups/one'],
  securityGroupRefs: ['security-groups/one'],
  subnetRef: [`networks/${NETWORK}/subnets/one`],
  publicIpRefs: ['public-ips/one'],
  routeTableRef: ['route-tables/one', `networks/${NETWORK}/route-tables/two`],
  targetRef: ['internet-gateways/one', '10.0.0.1', 'instances/one'],
  ruleRefs: ['security-group-rules/one'],
  sourceRef: ['security-groups/one', '10.0.0.0/8'],
}

export async function furnish(api: Api): Promise<Furnished> {
  const tenant = uniqueTenant('fuzz')
  const { namespace } = await makeTenant(api.client, tenant, WORKSPACE)
  await applyManifests([
    {
      apiVersion: 'authorization.secapi.cloud/v1',
      kind: 'RoleAssignment',
      metadata: { name: 'fuzzer', namespace },
      spec: { subs: ['fuzzer'], roles: ['seca.admin'], scopes: [{}] },
    },
  ])
  const token = await api.token('fuzzer')
  const put = async (target: string, spec: object) => {
    const url = `${api.url}/providers/seca.${target.replace('/', `/v1/tenants/${tenant}/`)}`
    const { status, text } = await call(url, { method: 'PUT', token, body: { spec } })
    if (status !== 201) throw new Error(`${target}: ${status} ${text}`)
  }
  await eventually(async () => (await call(`${api.url}/providers/seca.storage/v1/tenants/${tenant}/images`, { token })).status === 200)
  const space = `workspaces/${WORKSPACE}`
  for (const name of NAMES) {
    await put(`storage/${space}/block-storages/${name}`, { skuRef: { resource: 'skus/RD100' }, sizeGB: 50 })
    await put(`network/${space}/public-ips/${name}`, { version: 'IPv4' })
  }
  await put(`storage/images/one`, { blockStorageRef: { resource: `${space}/block-storages/one` }, cpuArchitecture: 'amd64' })
  const network = `network/${space}/networks/${NETWORK}`
  await put(network, { cidr: { ipv4: '10.0.0.0/16' }, skuRef: { resource: 'skus/N1K' } })
  await put(`network/${space}/internet-gateways/one`, {})
  await put(`${network}/route-tables/one`, {
    routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: { resource: 'internet-gateways/one' } }],
  })
  await put(`${network}/subnets/one`, { cidr: { ipv4: '10.0.1.0/24' }, zone: 'a', routeTableRef: { resource: 'route-tables/one' } })
  await put(`network/${space}/security-group-rules/one`, { direction: 'ingress' })
  await put(`network/${space}/security-groups/one`, { ruleRefs: [{ resource: 'security-group-rules/one' }] })
  await put(`network/${space}/nics/one`, { subnetRef: { resource: `networks/${NETWORK}/subnets/one` } })
  await put(`compute/${space}/instances/one`, {
    skuRef: { resource: 'skus/D2XS' },
    zone: 'a',
    bootVolume: { deviceRef: { resource: 'block-storages/one' } },
  })
  return { tenant, token }
}

type Node = { [key: string]: unknown }

/** The document, with the path parameters and references of requests held to what is there. Of random names, nothing would be found. */
export function narrowed(served: OpenApi, { tenant }: Furnished): object {
  const document = structuredClone(served) as unknown as Node & {
    paths: Record<string, Record<string, { operationId: string; parameters?: { name: string; in: string; schema: Node }[] }>>
    components: { schemas: Record<string, Node> }
  }
  const values: Readonly<Record<string, readonly string[]>> = { tenant: [tenant], workspace: [WORKSPACE], network: [NETWORK] }
  for (const [path, methods] of Object.entries(document.paths))
    for (const { parameters = [] } of Object.values(methods))
      for (const parameter of parameters.filter((one) => one.in === 'path'))
        parameter.schema = { enum: namesFor(path, parameter.name, values) }
  for (const [name, schema] of Object.entries(document.components.schemas)) if (name.endsWith('Spec')) hold(name, schema)
  return document
}

function namesFor(path: string, parameter: string, values: Readonly<Record<string, readonly string[]>>): readonly string[] {
  if (parameter !== 'name') return values[parameter] ?? NAMES
  if (path.includes('/regions/')) return ['eu-1']
  if (path.includes('/skus/')) return ['rd100', 'D2XS', 'n1k']
  // The workspace and the network that all the others are in stay as they are.
  return path.endsWith('/roles/{name}') ? [...NAMES, 'seca.admin'] : NAMES
}

/** Replaces references below a schema. */
function hold(owner: string, node: Node): void {
  const properties = node['properties'] as Record<string, Node> | undefined
  for (const [field, schema] of Object.entries(properties ?? {})) {
    const targets = TARGETS[`${owner}_${field}`] ?? TARGETS[field]
    const reference = { type: 'object', required: ['resource'], properties: { resource: { enum: targets } } }
    if (targets !== undefined && '$ref' in schema) properties![field] = reference
    else if (targets !== undefined && schema['items'] !== undefined) schema['items'] = reference
    else hold(owner, schema)
  }
  if (typeof node['items'] === 'object' && node['items'] !== null) hold(owner, node['items'] as Node)
}
