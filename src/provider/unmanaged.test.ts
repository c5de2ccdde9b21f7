import { describe, expect, test } from 'vitest'
import { SecurityGroup, Subnet } from '../kinds/index.ts'
import { hasTraits, resolved, settled, skuTraits, toId, toSku, unmanagedId } from './unmanaged.ts'

const VOLUME = { kind: 'BlockStorage', externalId: 'v', name: 'v', spec: { sizeGB: 1 } }

describe('resolved', () => {
  const find = (kind: string, id: string) => (id === 'gone' ? undefined : `${kind.toLowerCase()}s/${id}`)

  test('references are written at any depth, and everything else is left as it is', () => {
    const spec = {
      rules: [{ direction: 'ingress', sourceRef: [toId('Nic', 'a/b'), { resource: '10.0.0.0/8' }], annotations: { x: '@Nic/gone' } }],
    }
    expect(resolved(SecurityGroup, spec, find)).toEqual({
      spec: {
        rules: [
          { direction: 'ingress', sourceRef: [{ resource: 'nics/a/b' }, { resource: '10.0.0.0/8' }], annotations: { x: '@Nic/gone' } },
        ],
      },
      dropped: [],
    })
  })

  test('a SKU that an object can do without is left out, and one that it needs is missing', () => {
    const noSku = (kind: string, id: string) => (kind === 'NetworkSku' ? undefined : find(kind, id))
    const subnet = { routeTableRef: toId('RouteTable', 'r'), skuRef: toSku('NetworkSku', { bandwidth: 7 }) }
    const missing = { kind: 'NetworkSku', id: 'bandwidth=7' }
    expect(resolved(Subnet, subnet, noSku)).toEqual({ spec: { routeTableRef: { resource: 'routetables/r' } }, dropped: [missing] })
    expect(resolved(Subnet, { routeTableRef: toSku('NetworkSku', { bandwidth: 7 }) }, noSku)).toEqual({ missing })
  })

  test('a group whose only rule goes keeps none, which lets in nobody', () => {
    const spec = { rules: [{ direction: 'ingress', sourceRef: [toId('SecurityGroup', 'gone')] }] }
    expect(resolved(SecurityGroup, spec, find)).toMatchObject({ spec: { rules: [] }, dropped: [{}, {}] })
  })
})

test('a SKU is told by what it has', () => {
  expect(toSku('StorageSku', { iops: undefined })).toEqual({ resource: '@StorageSku/any' })
  const { resource } = toSku('StorageSku', { name: 'a&b=c', iops: 5 })
  const traits = skuTraits(resource.slice('@StorageSku/'.length))
  expect([hasTraits('a&b=c', { iops: 5 }, traits), hasTraits('a&b=c', { iops: 6 }, traits), hasTraits('a', { iops: 5 }, traits)]).toEqual([
    true,
    false,
    false,
  ])
})

test('what has no id goes by its name, within its parent', () => {
  expect(unmanagedId({ name: 'internet' })).toBe('internet')
  expect(unmanagedId({ name: 'internet', parentId: 'vpc' })).toBe('vpc/internet')
  expect(unmanagedId({ name: 'internet', parentId: 'vpc', externalId: 'r' })).toBe('r')
})

test('what is going is nothing, and what changes or failed is not taken over', () => {
  expect(settled({ isGoing: true }, VOLUME)).toBeUndefined()
  expect(settled({ isGoing: false }, VOLUME)).toBe(VOLUME)
  expect(settled({ isGoing: false, busy: 'resizing' }, VOLUME)).toMatchObject({
    isLeftOut: true,
    remarks: [expect.stringContaining('resizing')],
  })
  expect(settled({ isGoing: false, failed: 'no space' }, VOLUME)).toMatchObject({
    isLeftOut: true,
    remarks: [expect.stringContaining('no space')],
  })
})
