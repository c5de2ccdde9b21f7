import { expect, test } from 'vitest'
import { attachedTo, serverOf, skuNamed } from './compute.ts'

const volume = (id: string, ...attachments: readonly (readonly [server: string, device: string])[]) => ({
  id,
  attachments: attachments.map(([server_id, device]) => ({ server_id, device })),
})
const VOLUMES = [
  volume('c', ['s', '/dev/vdaa']),
  volume('a', ['s', '/dev/vdb'], ['t', '/dev/vdc']),
  volume('other', ['t', '/dev/vda']),
  volume('b', ['s', '/dev/vda']),
  volume('free'),
]

test("a server's volumes go by their devices, one that has two servers among those of both", () => {
  expect(Object.fromEntries(attachedTo(VOLUMES))).toEqual({ s: ['b', 'a', 'c'], t: ['other', 'a'] })
})

const SERVER = { id: 's', name: 'web', image: '', flavor: { original_name: 'M1 small' }, ports: ['p1', 'p2'] }

test('a server boots from its first volume', () => {
  expect(serverOf(SERVER, ['b', 'a'], { flavors: {} }).spec).toMatchObject({
    skuRef: { resource: '@InstanceSku/name=m1-small' },
    bootVolume: { deviceRef: { resource: '@BlockStorage/b' } },
    dataVolumes: [{ deviceRef: { resource: '@BlockStorage/a' } }],
    primaryNicRef: { resource: '@Nic/p1' },
    additionalNicRefs: [{ resource: '@Nic/p2' }],
  })
})

test.each([
  ['without a volume', SERVER, []],
  ['of an image, with a volume for data', { ...SERVER, image: { id: 'debian' } }, ['a']],
])('a server %s is left out', (_what, server, volumes) => {
  expect(serverOf(server, volumes, { flavors: {} })).toMatchObject({
    isLeftOut: true,
    remarks: [expect.stringContaining('a disk of its host')],
  })
})

test('volumes that Nova deletes with the server are told', () => {
  const attached = [
    { id: 'b', delete_on_termination: true },
    { id: 'a', delete_on_termination: false },
  ]
  const { remarks } = serverOf({ ...SERVER, 'os-extended-volumes:volumes_attached': attached }, ['b', 'a'], { flavors: {} })
  expect(remarks).toEqual([expect.stringContaining('Nova deletes b along with it')])
})

test('a SKU is what the settings map to the flavor, else one of its name', () => {
  expect(skuNamed(['m1.large'], { dl: 'm1.large', ds: 'm1.small' })).toBe('dl')
  expect(skuNamed(['m1.large'], {})).toBe('m1.large')
})
