import { expect, test } from 'vitest'
import { idOf, parseDeclared } from './declared-file.ts'
import { ADMINS, REGION, TENANT } from './testing.ts'

const CLOUD = `apiVersion: operator.secapi.cloud/v1alpha1
kind: CloudProvider
metadata: { name: cloud }
spec:
  type: simulator
  credentialsSecretRef: { name: cloud }
  settings: { endpoint: "https://cloud.example", anything: { goes: here } }
`
const IMAGE = `apiVersion: storage.secapi.cloud/v1
kind: Image
metadata: { name: debian, namespace: seca-acme }
spec: { blockStorageRef: { resource: block-storages/x }, cpuArchitecture: amd64 }
`

test('objects come in the order in which one needs the other', () => {
  const found = parseDeclared([IMAGE, ADMINS, REGION, CLOUD, TENANT].join('---\n'))
  expect(found.map(({ object }) => idOf(object))).toEqual([
    'Namespace seca-acme',
    'CloudProvider cloud',
    'Region eu-1',
    'RoleAssignment seca-acme/admins',
    'Image seca-acme/debian',
  ])
})

test('documents that say nothing are left out', () => {
  expect(parseDeclared('')).toEqual([])
  expect(parseDeclared(`# nothing\n---\n---\n${REGION}---\n`)).toHaveLength(1)
})

const DUPLICATE = `${REGION}---\n${TENANT}---\n${REGION}`
test.each([
  [
    'another kind',
    'kind: Secret\napiVersion: v1\n',
    'document 1, line 1: kind "Secret" cannot be declared here, only Namespace, CloudProvider',
  ],
  ['a resource of a tenant', REGION.replace('kind: Region', 'kind: Instance'), 'document 1, line 2: Instance eu-1: kind "Instance" cannot'],
  [
    'another version',
    REGION.replace('cloud/v1', 'cloud/v2'),
    'line 1: Region eu-1: apiVersion of Region is region.secapi.cloud/v1, not "region',
  ],
  [
    'a field that is missing',
    `${TENANT}---\n${REGION.replace(', cloudProvider: cloud', '')}`,
    'document 2, line 8: Region eu-1: spec.cloudProvider ',
  ],
  ['a value of another type', REGION.replace('[a, b]', 'a'), 'document 1, line 4: Region eu-1: spec.availableZones '],
  [
    'a field that nobody knows',
    REGION.replace('spec: { ', 'spec: { zones: [a], '),
    'line 4: Region eu-1: spec.zones is no field of this kind',
  ],
  [
    'one further down',
    CLOUD.replace('{ name: cloud }\n  settings', '{ name: cloud, namespace: x }\n  settings'),
    'line 6: CloudProvider cloud: spec.credentialsSecretRef.namespace is no',
  ],
  ['status', `${REGION}status: {}\n`, 'Unrecognized key: "status"'],
  ['a label that is no text', TENANT.replace('acme }', 'acme, n: 1 }'), 'line 3: Namespace seca-acme: metadata.labels.n '],
  ['a finalizer', REGION.replace('name: eu-1', 'name: eu-1, finalizers: [a]'), 'Unrecognized key: "finalizers"'],
  ['a namespace that is no tenant’s', TENANT.replace('secapi.cloud/tenant', 'other'), 'metadata has no label secapi.cloud/tenant'],
  ['a namespace of Kubernetes', TENANT.replace('seca-acme', 'kube-system'), 'metadata is a namespace of Kubernetes itself'],
  ['no namespace where one is needed', ADMINS.replace(', namespace: seca-acme', ''), 'line 3: RoleAssignment admins: metadata.namespace '],
  ['a namespace where none is', REGION.replace('name: eu-1', 'name: eu-1, namespace: a'), 'Unrecognized key: "namespace"'],
  ['the same twice', DUPLICATE, 'document 3, line 10: Region eu-1 is declared twice'],
  ['no YAML', `${REGION}---\nkind: [`, 'document 2, line 6: Flow sequence'],
  ['a list', '- a\n- b', 'document 1, line 1: is no object'],
  [
    'aliases that grow',
    `a: &a [x, x]\n${Array.from(
      { length: 9 },
      (_, at) =>
        `a${at}: &a${at} [${Array(9)
          .fill(at === 0 ? '*a' : `*a${at - 1}`)
          .join()}]`,
    ).join('\n')}`,
    'Excessive alias count',
  ],
])('a file with %s is wrong, and says where', (_what, text, words) => {
  let message = ''
  try {
    parseDeclared(text)
  } catch (error) {
    message = (error as Error).message
  }
  expect(message).toContain(words)
})

test('all mistakes are told at once, but not endlessly', () => {
  const bad = REGION.replace('[a, b]', '[]')
  expect(() => parseDeclared(`${bad}---\n${CLOUD.replace('type: simulator', 'type: 1')}`)).toThrow(/document 1.*; document 2/)
  expect(() => parseDeclared(Array(15).fill(bad).join('---\n'))).toThrow(/; and 5 more$/)
})
