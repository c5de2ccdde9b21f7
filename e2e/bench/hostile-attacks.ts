import { randomBytes } from 'node:crypto'

/** Who attacks: administrator of a tenant of its own, a caller without any role, somebody without a token that holds. */
type Attacker = 'administrator' | 'nobody' | 'stranger'

/** `@n@` anywhere stands for a number that grows with every request. */
export interface AttackShot {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The head does not say how long the body is. */
  readonly isChunked?: boolean
}

export interface Attack {
  readonly name: string
  readonly by: Attacker
  /** Made before, in this order, by the administrator; of several bodies the first that the API takes. */
  readonly before?: readonly (AttackShot & { readonly bodies: readonly string[] })[]
  readonly shots: readonly AttackShot[]
  /** Requests at a time. */
  readonly concurrency: number
  readonly http2?: boolean
  /** A connection for each request. */
  readonly isFresh?: boolean
  /** Instead of requests: streams of HTTP/2 that are reset at once, or TLS handshakes and nothing more. */
  readonly raw?: 'resets' | 'handshakes'
}

export const EVIL = 'evil'
const TENANT = `tenants/${EVIL}`
const WORKSPACE = `${TENANT}/workspaces/${EVIL}`
const AUTHORIZATION = `/providers/seca.authorization/v1/${TENANT}`
const STORAGE = `/providers/seca.storage/v1/${WORKSPACE}/block-storages`
const NETWORK = `/providers/seca.network/v1/${WORKSPACE}`
const COMPUTE = `/providers/seca.compute/v1/${WORKSPACE}`
const WORKSPACES = `/providers/seca.workspace/v1/${TENANT}/workspaces`
const JSON_BODY = { 'content-type': 'application/json' }

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index))
const get = (path: string): AttackShot => ({ method: 'GET', path })
const put = (path: string, body: unknown): AttackShot => ({
  method: 'PUT',
  path,
  headers: JSON_BODY,
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const volume = (labels: object = {}, annotations: object = {}) => ({
  labels,
  annotations,
  spec: { sizeGB: 10, skuRef: { resource: 'skus/rd100' } },
})
const keys = (count: number, value: unknown = 1) => Object.fromEntries(times(count, (index) => [`k${index}`, value]))
const query = (text: string) => `${STORAGE}?labels=${encodeURIComponent(text).slice(0, 7_900)}`

/** A role with as many patterns as the API takes, each of which fails late. */
const role = (permissions: number, patterns: number): string => {
  const pattern = (index: number) => `instances/*${'a'.repeat(60)}${index.toString(36).padStart(3, 'b')}`
  return JSON.stringify({
    spec: {
      permissions: times(permissions, (one) => ({
        provider: 'seca.compute',
        resources: times(patterns, (index) => pattern(one * patterns + index)),
        verb: ['get'],
      })),
    },
  })
}
const ROLES = times(4, (index) => ({
  ...put(`${AUTHORIZATION}/roles/hostile-${index}`, ''),
  bodies: [role(50, 256), role(16, 64), role(8, 32), role(4, 16), role(1, 16)],
}))
const ASSIGNMENTS = times(4, (index) => ({
  ...put(`${AUTHORIZATION}/role-assignments/hostile-${index}`, ''),
  bodies: [JSON.stringify({ spec: { subs: ['mallory'], roles: times(4, (one) => `hostile-${one}`), scopes: [{}] } })],
}))
const LABELLED = [40_000, 4_000, 1_000, 60].map((length) => JSON.stringify(volume({ [`x ${'a'.repeat(length)}`]: '', ...keys(200, 'a') })))

const group = (block: number) => ({
  spec: {
    rules: times(63, (rule) => ({
      direction: 'ingress',
      sourceRef: times(32, (index) => ({ resource: `10.${block}.${rule}.${index}` })),
    })),
  },
})
/** As many sources as the schema takes. */
const largest = (block: number) => ({
  spec: {
    rules: times(500, (rule) => ({
      direction: 'ingress',
      sourceRef: times(32, (index) => ({ resource: `10.${block}.${rule >> 1}.${(rule & 1) * 32 + index}` })),
    })),
  },
})
/** Cursor of the middle of the attacker's volumes. */
const SKIP = Buffer.from('1own-1500').toString('base64url')
const routes = (prefix: string) => ({
  spec: {
    routes: times(1_000, (index) => ({
      destinationCidrBlock: `10.${index >> 8}.${index & 255}.0/24`,
      targetRef: { resource: `internet-gateways/${prefix}-@n@-${index}` },
    })),
  },
})

/** Every request of which it is known that it once cost others something, and what is near. */
export function attacks(tokenOfNobody: string): Attack[] {
  const [head = '', payload = ''] = tokenOfNobody.split('.')
  const badToken = { authorization: `Bearer ${head}.${payload}.${randomBytes(58).toString('base64url')}@n@` }
  const prepared = { before: [{ ...put(`${STORAGE}/labelled`, ''), bodies: LABELLED }] }
  return [
    {
      name: 'role patterns',
      by: 'administrator',
      before: [...ROLES, ...ASSIGNMENTS],
      shots: [get(`${COMPUTE}/instances/${'a'.repeat(60)}@n@`)],
      concurrency: 32,
    },
    { name: 'selector: long glob', by: 'administrator', ...prepared, shots: [get(query(`*${'a'.repeat(7_000)}b`))], concurrency: 32 },
    { name: 'selector: long glob', by: 'nobody', shots: [get(query(`*${'a'.repeat(7_000)}b`))], concurrency: 32 },
    { name: 'selector: stars', by: 'administrator', ...prepared, shots: [get(query(`${'*a'.repeat(2_000)}b`))], concurrency: 32 },
    {
      name: 'selector: spaces',
      by: 'nobody',
      shots: [get(query(`a${' '.repeat(2_500)}b`)), get(query(`a in ${' '.repeat(2_500)}x`))],
      concurrency: 32,
    },
    {
      name: 'selector: long list',
      by: 'administrator',
      ...prepared,
      shots: [get(query(`* in (${times(1_900, () => '*b').join(',')})`))],
      concurrency: 32,
    },
    {
      name: 'references: 2,000',
      by: 'administrator',
      shots: [put(`${NETWORK}/security-groups/refs`, group(1)), put(`${NETWORK}/security-groups/refs`, group(2))],
      concurrency: 8,
    },
    {
      name: 'routes to missing gateways',
      by: 'administrator',
      before: [
        {
          ...put(`${NETWORK}/networks/net`, ''),
          bodies: [JSON.stringify({ spec: { cidr: { ipv4: '10.0.0.0/8' }, skuRef: { resource: 'skus/n1k' } } })],
        },
      ],
      shots: [put(`${NETWORK}/networks/net/route-tables/t`, routes('none'))],
      concurrency: 8,
    },
    {
      name: 'specs of many keys',
      by: 'administrator',
      shots: [
        put(`${WORKSPACES}/keys`, { spec: keys(1_000) }),
        put(`${WORKSPACES}/keys`, { spec: keys(60_000) }),
        put(`${WORKSPACES}/keys`, { spec: keys(2, keys(999, '@n@')) }),
      ],
      concurrency: 32,
    },
    {
      name: 'JSON of 1 MiB',
      by: 'administrator',
      shots: [
        '['.repeat(1_048_000),
        `{"spec":${'{"a":'.repeat(200_000)}`,
        `{"spec":{"a":"${'\\"'.repeat(520_000)}"}}`,
        `{"x":[${'{},'.repeat(340_000)}{}]}`,
        `{"x":1${'0'.repeat(1_000_000)}}`,
      ].map((body) => put(`${WORKSPACES}/json`, body)),
      concurrency: 32,
    },
    {
      name: 'more than etcd takes',
      by: 'administrator',
      shots: [put(`${WORKSPACES}/large`, { spec: { a: '<'.repeat(1_040_000) } })],
      concurrency: 16,
    },
    {
      name: 'large annotations',
      by: 'administrator',
      shots: [put(`${STORAGE}/annotated`, volume({}, keys(240, `${'<'.repeat(1_000)}@n@`)))],
      concurrency: 16,
    },
    { name: 'PUTs of one object', by: 'administrator', shots: [put(`${STORAGE}/one`, volume({ count: '@n@' }))], concurrency: 32 },
    { name: 'PUTs of many objects', by: 'administrator', shots: [put(`${STORAGE}/many-@n@`, volume())], concurrency: 64 },
    {
      name: '/docs with made-up hosts',
      by: 'stranger',
      shots: [{ ...get('/docs'), headers: { host: 'host-@n@.example' } }],
      concurrency: 32,
    },
    {
      name: '/openapi.json with made-up hosts',
      by: 'nobody',
      shots: [{ ...get('/openapi.json'), headers: { host: 'host-@n@.example' } }],
      concurrency: 32,
    },
    {
      name: 'flood without rights',
      by: 'nobody',
      shots: [get(`/providers/seca.storage/v1/tenants/bench/workspaces/api/block-storages/volume-@n@`)],
      concurrency: 128,
    },
    { name: 'flood of bad tokens', by: 'stranger', shots: [{ ...get(STORAGE), headers: badToken }], concurrency: 128 },
    { name: 'flood without a token', by: 'stranger', shots: [get(STORAGE)], concurrency: 128 },
    { name: 'flood of connections', by: 'stranger', shots: [get(STORAGE)], concurrency: 8, isFresh: true },
    {
      name: 'large lists',
      by: 'administrator',
      shots: [get(`${STORAGE}?limit=10000`), { ...get(`${STORAGE}?limit=10000`), headers: { 'accept-encoding': 'gzip' } }],
      concurrency: 32,
    },
    {
      name: 'HEAD of large lists',
      by: 'administrator',
      shots: [{ ...get(`${STORAGE}?limit=10000`), method: 'HEAD' }],
      concurrency: 32,
    },
    { name: 'pages of one', by: 'administrator', shots: [get(`${STORAGE}?limit=1&skipToken=${SKIP}`)], concurrency: 64 },
    {
      name: 'list of large objects',
      by: 'administrator',
      before: times(60, (index) => ({
        ...put(`${NETWORK}/security-groups/large-${index}`, ''),
        bodies: [JSON.stringify({ annotations: keys(240, '<'.repeat(1_000)), spec: { rules: [] } })],
      })),
      shots: [
        get(`${NETWORK}/security-groups?limit=10000`),
        { ...get(`${NETWORK}/security-groups`), headers: { 'accept-encoding': 'gzip' } },
      ],
      concurrency: 32,
    },
    {
      name: 'the largest security group',
      by: 'administrator',
      shots: [put(`${NETWORK}/security-groups/largest`, largest(1)), put(`${NETWORK}/security-groups/largest`, largest(2))],
      concurrency: 16,
    },
    {
      name: 'bodies of no said length',
      by: 'administrator',
      shots: [{ ...put(`${WORKSPACES}/chunked`, `{"x":[${'{},'.repeat(340_000)}{}]}`), isChunked: true }],
      concurrency: 32,
    },
    {
      name: 'roles come and go',
      by: 'administrator',
      shots: [
        put(`${AUTHORIZATION}/roles/churn`, role(50, 20)),
        put(`${AUTHORIZATION}/role-assignments/churn`, { spec: { subs: ['mallory'], roles: ['churn'], scopes: [{}] } }),
        get(`${COMPUTE}/instances/web-@n@`),
        { method: 'DELETE', path: `${AUTHORIZATION}/role-assignments/churn` },
        { method: 'DELETE', path: `${AUTHORIZATION}/roles/churn` },
      ],
      concurrency: 32,
    },
    {
      name: 'workspaces come and go',
      by: 'administrator',
      shots: [put(`${WORKSPACES}/churn`, { spec: {} }), { method: 'DELETE', path: `${WORKSPACES}/churn` }],
      concurrency: 32,
    },
    { name: 'resets of HTTP/2', by: 'administrator', shots: [get(`${STORAGE}?limit=10000`)], concurrency: 4, raw: 'resets' },
    { name: 'handshakes', by: 'stranger', shots: [], concurrency: 8, raw: 'handshakes' },
    { name: 'large lists, HTTP/2', by: 'administrator', shots: [get(`${STORAGE}?limit=10000`)], concurrency: 100, http2: true },
  ]
}
