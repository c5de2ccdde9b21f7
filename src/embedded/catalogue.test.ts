import { expect, it } from 'vitest'
import { catalogue } from './catalogue.ts'

it('holds the SKUs of the specification, valid and named after their region', () => {
  const entries = catalogue('it-1')
  for (const { kind, object } of entries) {
    kind.spec.extend(kind.kubeSpec.shape).parse(object.spec)
    expect(object.metadata.name).toMatch(/^it-1\.[a-z0-9]+$/)
  }
  expect(
    Object.fromEntries(
      Map.groupBy(entries, ({ kind }) => kind.kind)
        .entries()
        .map(([kind, list]) => [kind, list.length]),
    ),
  ).toEqual({
    InstanceSku: 14,
    StorageSku: 15,
    NetworkSku: 3,
  })
  const spec = (name: string) => entries.find(({ object }) => object.metadata.name === `it-1.${name}`)?.object.spec
  expect(spec('d2xl')).toEqual({ region: 'it-1', vCPU: 32, ram: 64 })
  expect(spec('ld40k')).toEqual({ region: 'it-1', iops: 40_000, type: 'local-durable', minVolumeSize: 50 })
  expect(spec('n10k')).toEqual({ region: 'it-1', bandwidth: 10_000, packets: 80_000 })
})
