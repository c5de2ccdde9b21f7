import type { KubeObject } from '../../../src/kube/gvr.ts'
import { kindNamed } from '../../../src/kinds/index.ts'
import { FINALIZER } from '../../../src/kinds/names.ts'
import { type Attempt, attempt, harmless } from './attempt.ts'
import { utf8 } from './wire.ts'
import { OWN, path, type World } from './world.ts'

const SPEC = { skuRef: { resource: 'skus/RD100' }, sizeGB: 50 }
const spec = JSON.stringify(SPEC)

/** Bodies that parsers read in different ways, or choke on. All refused. */
const MALFORMED: Readonly<Record<string, string>> = {
  'the spec twice': `{"spec":${spec},"spec":${spec}}`,
  'a field twice': `{"spec":{"sizeGB":50,"skuRef":{"resource":"skus/RD100"},"sizeGB":1}}`,
  'a field twice, once escaped': `{"spec":{"sizeGB":50,"skuRef":{"resource":"skus/RD100"},"size\\u0047B":1}}`,
  'a reference twice': `{"spec":{"sizeGB":50,"skuRef":{"resource":"skus/RD100","resource":"skus/RD500"}}}`,
  'a label twice': `{"labels":{"a":"1","a":"2"},"spec":${spec}}`,
  'a label twice, deep in unknown fields': `{"x":{"y":[{"z":1,"z":2}]},"spec":${spec}}`,
  '__proto__ twice': `{"__proto__":{},"__proto__":{},"spec":${spec}}`,
  'deep lists': `{"spec":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
  'deep objects': `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
  'not closed': `{"spec":${spec}`,
  'a tail': `{"spec":${spec}}{"spec":${spec}}`,
  'a byte order mark in UTF-16': Buffer.from(`\ufeff{"spec":${spec}}`, 'utf16le').toString('latin1'),
  'UTF-16': Buffer.from(`{"spec":${spec}}`, 'utf16le').toString('latin1'),
  'broken UTF-8': `{"labels":{"a":"\xc3\x28"},"spec":${spec}}`,
  'overlong UTF-8': `{"labels":{"a":"\xc0\xaf"},"spec":${spec}}`,
  'surrogates in UTF-8': `{"labels":{"a":"\xed\xa0\x80"},"spec":${spec}}`,
  'NUL before it': `\0{"spec":${spec}}`,
  'NUL behind it': `{"spec":${spec}}\0`,
  'control characters in a string': `{"labels":{"a":"\x01"},"spec":${spec}}`,
  comments: `{/**/"spec":${spec}}`,
  'single quotes': `{'spec':${spec}}`,
  'a trailing comma': `{"spec":${spec},}`,
  NaN: `{"spec":{"sizeGB":NaN,"skuRef":{"resource":"skus/RD100"}}}`,
  Infinity: `{"spec":{"sizeGB":Infinity,"skuRef":{"resource":"skus/RD100"}}}`,
  hexadecimal: `{"spec":{"sizeGB":0x32,"skuRef":{"resource":"skus/RD100"}}}`,
  'leading zeros': `{"spec":{"sizeGB":050,"skuRef":{"resource":"skus/RD100"}}}`,
  YAML: `spec:\n  sizeGB: 50\n`,
  XML: `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>`,
  'a form': `spec[sizeGB]=50`,
  nothing: '',
  null: 'null',
  true: 'true',
  'a list': `[{"spec":${spec}}]`,
  'a string': `"${'x'.repeat(100)}"`,
  'a number': '1e999',
  'a huge number': `{"spec":{"sizeGB":1e400,"skuRef":{"resource":"skus/RD100"}}}`,
  'a number of 10 000 digits': `{"spec":{"sizeGB":${'9'.repeat(10_000)},"skuRef":{"resource":"skus/RD100"}}}`,
  'a fraction': `{"spec":{"sizeGB":50.5,"skuRef":{"resource":"skus/RD100"}}}`,
  'below zero': `{"spec":{"sizeGB":-50,"skuRef":{"resource":"skus/RD100"}}}`,
  'a number as text': `{"spec":{"sizeGB":"50","skuRef":{"resource":"skus/RD100"}}}`,
  'more than 1 MiB': `{"x":"${'x'.repeat(1_048_577)}","spec":${spec}}`,
  '2 000 labels': JSON.stringify({
    spec: SPEC,
    labels: Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`k${index}`, 'v'])),
  }),
  'a long label': JSON.stringify({ spec: SPEC, labels: { a: 'x'.repeat(64) } }),
  'a label that is an object': JSON.stringify({ spec: SPEC, labels: { a: { b: 'c' } } }),
  'a label that is a list': JSON.stringify({ spec: SPEC, labels: ['a'] }),
  'an empty label key': JSON.stringify({ spec: SPEC, labels: { '': 'a' } }),
  'labels of __proto__': `{"labels":{"__proto__":{"polluted":"yes"}},"spec":${spec}}`,
  'a long annotation': JSON.stringify({ spec: SPEC, annotations: { a: 'x'.repeat(1_025) } }),
  'a region that is not served': JSON.stringify({ spec: SPEC, metadata: { region: 'xx-1' } }),
}

/** Bodies whose extra parts must have no effect. */
const INERT: Readonly<Record<string, string>> = {
  __proto__: `{"__proto__":{"polluted":"yes"},"spec":${spec}}`,
  '__proto__ in the spec': `{"spec":{"__proto__":{"sizeGB":999999,"polluted":"yes"},"sizeGB":50,"skuRef":{"resource":"skus/RD100"}}}`,
  '__proto__, escaped': `{"\\u005f_proto__":{"polluted":"yes"},"spec":${spec}}`,
  'constructor.prototype': `{"constructor":{"prototype":{"polluted":"yes"}},"spec":{"constructor":{"prototype":{"polluted":"yes"}},"sizeGB":50,"skuRef":{"resource":"skus/RD100"}}}`,
  'methods of objects': `{"toString":1,"hasOwnProperty":1,"toJSON":1,"valueOf":1,"then":1,"spec":${spec}}`,
  'labels named like methods': `{"labels":{"toString":"a","constructor":"b","hasOwnProperty":"c","__proto__":"d","toJSON":"e"},"spec":${spec}}`,
  'metadata of Kubernetes': JSON.stringify({
    spec: SPEC,
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'other',
      namespace: 'kube-system',
      uid: '00000000-0000-0000-0000-000000000000',
      resourceVersion: '1',
      generation: 99,
      finalizers: ['evil.example/stuck'],
      ownerReferences: [{ apiVersion: 'v1', kind: 'Namespace', name: 'default', uid: 'x' }],
      deletionTimestamp: '2020-01-01T00:00:00Z',
      managedFields: [{ manager: 'seca-operator' }],
      labels: { 'secapi.cloud/tenant': 'victim' },
      annotations: { 'secapi.cloud/external-id': 'stolen' },
    },
  }),
  'metadata of SECA': JSON.stringify({
    spec: SPEC,
    metadata: { tenant: 'VICTIM', workspace: 'vault', ref: 'seca.storage/v1/x', name: 'other' },
  }),
  'metadata that is a list': `{"metadata":[1],"spec":${spec}}`,
  'metadata that is a string': `{"metadata":"x","spec":${spec}}`,
  status: JSON.stringify({
    spec: SPEC,
    status: {
      state: 'active',
      sizeGB: 999,
      externalId: 'stolen',
      incarnation: 'stolen',
      observedGeneration: 9,
      conditions: [{ state: 'active' }],
    },
  }),
  'fields of Kubernetes in the spec': JSON.stringify({
    spec: { ...SPEC, region: 'xx-1', network: 'other', powerState: 'on', cloudProvider: 'x', tenants: ['a'] },
  }),
  'fields beside the spec': JSON.stringify({
    spec: SPEC,
    finalizers: ['a'],
    data: { a: 'b' },
    subresource: 'status',
    roleRef: {},
    rules: [{}],
  }),
}

/** Keys that mean something to Kubernetes, its tools or this operator. */
const RESERVED = [
  'secapi.cloud/deletion-policy',
  'secapi.cloud/paused',
  'secapi.cloud/external-id',
  'secapi.cloud/drift',
  'secapi.cloud/requested',
  'secapi.cloud/restart-requested',
  'secapi.cloud/kept',
  'secapi.cloud/tenant',
  'secapi.cloud/workspace',
  'secapi.cloud/managed',
  'secapi.cloud/shared',
  'x.secapi.cloud/y',
  'SECAPI.CLOUD/paused',
  'kubernetes.io/metadata.name',
  'app.kubernetes.io/managed-by',
  'pod-security.kubernetes.io/enforce',
  'kubectl.kubernetes.io/last-applied-configuration',
  'node.k8s.io/x',
  'argocd.argoproj.io/sync-options',
  'kustomize.toolkit.fluxcd.io/prune',
  'meta.helm.sh/release-name',
  'helm.sh/resource-policy',
  'a/b/c',
  '/paused',
  'secapi.cloud/',
  ' secapi.cloud/paused',
  'secapi.cloud\u2215paused',
  'secapi.cloud%2fpaused',
]

export function bodyAttempts(world: World): readonly Attempt[] {
  const { attacker, mallory } = world
  const target = (name: string): string => path('storage', `tenants/${attacker}/workspaces/${OWN}/block-storages/${name}`)
  const put = (name: string, body: string, more: Partial<Attempt> = {}, at = target('bodies')) =>
    attempt(`body: ${name}`, 'direct', mallory, { method: 'PUT', target: at, body }, more)
  const types = [
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/merge-patch+json',
    'application/apply-patch+yaml',
    'application/vnd.kubernetes.protobuf',
    'text/json',
    'application/jsonp',
    '',
  ]
  const good = JSON.stringify({ spec: SPEC })
  return [
    ...Object.entries(MALFORMED).map(([name, body]) => put(name, body)),
    ...Object.entries(INERT).map(([name, body], index) => put(name, body, { verdict: harmless }, target(`inert-${index}`))),
    ...types.map((type) =>
      attempt(`Content-Type ${type}`, 'direct', mallory, {
        method: 'PUT',
        target: target('types'),
        body: good,
        headers: [['Content-Type', type]],
      }),
    ),
    attempt('Content-Type twice', 'direct', mallory, {
      method: 'PUT',
      target: target('types'),
      body: good,
      headers: [
        ['Content-Type', 'application/json'],
        ['Content-Type', 'text/plain'],
      ],
    }),
    ...['gzip', 'br', 'deflate', 'gzip, identity', 'x-gzip'].map((encoding) =>
      attempt(`Content-Encoding ${encoding}`, 'direct', mallory, {
        method: 'PUT',
        target: target('types'),
        body: good,
        headers: [['Content-Encoding', encoding]],
      }),
    ),
    ...RESERVED.flatMap((key, index) => [
      put(`label ${key}`, utf8(JSON.stringify({ spec: SPEC, labels: { [key]: 'true' } })), { verdict: harmless }, target(`label-${index}`)),
      put(
        `annotation ${key}`,
        utf8(JSON.stringify({ spec: SPEC, annotations: { [key]: 'Orphan' } })),
        { verdict: harmless },
        target(`note-${index}`),
      ),
      put(
        `extension ${key}`,
        utf8(JSON.stringify({ spec: SPEC, extensions: { [key]: 'x' } })),
        { verdict: harmless },
        target(`extension-${index}`),
      ),
    ]),
    put(
      'a kept annotation of its own',
      JSON.stringify({ spec: SPEC, annotations: { 'secapi.cloud/kept': JSON.stringify({ labels: { 'secapi.cloud/paused': 'true' } }) } }),
      { verdict: harmless },
      target('note-kept'),
    ),
    // A workspace's spec is free: not so free that it names another region or tenant.
    ...['region', 'tenants', 'namespace', '__proto__'].map((field) =>
      put(
        `workspace spec ${field}`,
        `{"spec":{"${field}":"xx-1"}}`,
        { verdict: harmless },
        path('workspace', `tenants/${attacker}/workspaces/free-${field.replaceAll('_', '')}`),
      ),
    ),
    put(
      'instance with a wish for power',
      JSON.stringify({
        spec: {
          skuRef: { resource: 'skus/D2XS' },
          zone: 'a',
          bootVolume: { deviceRef: { resource: 'block-storages/disk' } },
          powerState: 'on',
        },
      }),
      { verdict: harmless },
      path('compute', `tenants/${attacker}/workspaces/${OWN}/instances/power`),
    ),
  ]
}

const OURS = new Set(['secapi.cloud/requested', 'secapi.cloud/kept'])

/** What the attempts above have left in the attacker's tenant and must not have. */
export async function traces(world: World): Promise<readonly string[]> {
  const { client } = world.api
  const found: string[] = []
  for (const name of ['BlockStorage', 'Workspace', 'Instance'])
    for (const namespace of world.spaces.attacker)
      for await (const { items } of client.list<KubeObject & { spec: Record<string, unknown>; status?: Record<string, unknown> }>(
        kindNamed(name)!.gvr,
        { namespace },
      ))
        for (const { metadata, spec: stored, status } of items) {
          const keys = [...Object.keys(metadata.labels ?? {}), ...Object.keys(metadata.annotations ?? {})]
          const reserved = keys.filter(
            (key) => /(^|\.)(secapi\.cloud|kubernetes\.io|k8s\.io|argoproj\.io|fluxcd\.io|helm\.sh)\//i.test(key) && !OURS.has(key),
          )
          // kubectl made the workspace of the fixture.
          const foreign = reserved.filter((key) => key !== 'kubectl.kubernetes.io/last-applied-configuration' || metadata.name !== OWN)
          const flaws = [
            ...foreign,
            ...Object.keys(status ?? {}).filter((field) => field !== 'observedGeneration'),
            ...((metadata.finalizers ?? []).some((one) => one !== FINALIZER) ? ['finalizers'] : []),
            ...((metadata as { ownerReferences?: unknown }).ownerReferences === undefined ? [] : ['ownerReferences']),
            ...['polluted', 'powerState', 'cloudProvider', 'network', 'tenants'].filter(
              (field) => Object.hasOwn(stored, field) && name !== 'Workspace',
            ),
            ...(stored['region'] === undefined || stored['region'] === 'eu-1' ? [] : [`region ${String(stored['region'])}`]),
            ...(name === 'BlockStorage' && stored['sizeGB'] !== 50 ? ['sizeGB'] : []),
            ...(metadata.name === 'other' ? ['its name'] : []),
          ]
          if (flaws.length > 0) found.push(`${name} ${metadata.name}: ${flaws.join(', ')}`)
        }
  return found
}
