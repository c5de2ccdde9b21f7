import { describe, expect, it } from 'vitest'
import { CATALOGUE_LABEL } from '../kinds/names.ts'
import { workspaceWorld } from './testing.ts'

/** A world whose cloud is the simulated one, with what its CloudProvider keeps up of the catalogue. */
async function setUp(catalogue: object) {
  const world = workspaceWorld()
  await world.edit('CloudProvider', undefined, 'sim', { spec: { catalogue } })
  const listed = (kind: string) =>
    [...world.cache.all(kind)].filter(({ metadata }) => metadata.labels?.[CATALOGUE_LABEL] === 'eu-1').map(({ metadata }) => metadata.name)
  world.waker.begin()
  await world.run(20_000)
  const again = async () => {
    world.waker.begin()
    await world.run(20_000)
  }
  return { world, listed, again, region: () => world.get('Region', undefined, 'eu-1') }
}
const IMAGES = ['debian-12', 'debian-12-arm64', 'ubuntu-24.04']

describe('the catalogue of a cloud', () => {
  it('is kept up as images that are only looked at, from which volumes are filled', async () => {
    const { world, listed } = await setUp({ imagesTenant: 'acme' })
    expect([listed('Image').toSorted(), listed('InstanceSku')]).toEqual([IMAGES, []])
    expect(world.get('Image', 't', 'ubuntu-24.04')?.status).toMatchObject({
      state: 'active',
      externalId: 'tpl-public-ubuntu-24-04-amd64',
      sizeMB: 2_400,
    })
    const told = world.get('Image', 't', 'ubuntu-24.04')?.status?.conditions?.map(({ type, status, reason }) => [type, status, reason])
    expect(told).toEqual([
      ['Ready', 'True', 'Available'],
      ['Synced', 'True', 'InSync'],
    ])
    world.create('BlockStorage', 'w', 'boot', {
      sizeGB: 50,
      skuRef: { resource: 'skus/rd100' },
      sourceImageRef: { resource: 'images/ubuntu-24.04' },
    })
    await world.run(20_000)
    expect(world.get('BlockStorage', 'w', 'boot')?.status?.state).toBe('active')
    expect(world.cloud.objects().find(({ type }) => type === 'volumes')?.fields).toMatchObject({
      source_template: 'tpl-public-ubuntu-24-04-amd64',
    })
    expect(world.audit()).toEqual({ doubles: [], foreign: [], leaks: [], losses: [] })
  })

  it('makes SKUs where that is wanted; one that somebody wrote by hand wins', async () => {
    const { world, listed, again } = await setUp({ skus: true })
    expect([listed('StorageSku').toSorted(), listed('InstanceSku').length, listed('Image')]).toEqual([
      ['eu-1.basic', 'eu-1.fast', 'eu-1.local', 'eu-1.scratch'],
      7,
      [],
    ])
    await world.edit('StorageSku', undefined, 'eu-1.fast', { metadata: { labels: { [CATALOGUE_LABEL]: null } }, spec: { iops: 7 } })
    await world.edit('StorageSku', undefined, 'eu-1.local', { spec: { iops: 7 } })
    await again()
    const iops = (name: string) => (world.get('StorageSku', undefined, name)?.spec as { iops: number }).iops
    expect([iops('eu-1.fast'), iops('eu-1.local')]).toEqual([7, 20_000])
  })

  it('writes nothing while it is as it was, and goes when it is not wanted any more', async () => {
    const { world, listed, again } = await setUp({ skus: true, imagesTenant: 'acme' })
    world.cluster.writes.length = 0
    await again()
    expect(world.cluster.writes).toEqual([])
    await world.edit('CloudProvider', undefined, 'sim', { spec: { catalogue: null } })
    await again()
    expect([listed('Image'), listed('InstanceSku'), listed('StorageSku')]).toEqual([[], [], []])
    expect([...world.cache.all('StorageSku')].map(({ metadata }) => metadata.name)).toEqual(['eu-1.rd100'])
  })

  it('leaves an image of that name alone, and the region says so', async () => {
    const { world, again, region } = await setUp({})
    world.create('Image', 't', 'debian-12', { blockStorageRef: { resource: 'workspaces/prod/block-storages/x' }, cpuArchitecture: 'arm64' })
    await world.edit('CloudProvider', undefined, 'sim', { spec: { catalogue: { imagesTenant: 'acme' } } })
    await again()
    expect(world.get('Image', 't', 'debian-12')?.spec).toMatchObject({ cpuArchitecture: 'arm64' })
    expect(region()?.status?.conditions?.[0]).toMatchObject({
      status: 'True',
      reason: 'PartlyApplied',
      message: expect.stringContaining('Image "debian-12"'),
    })
    await world.edit('CloudProvider', undefined, 'sim', { spec: { catalogue: { imagesTenant: 'nobody' } } })
    await again()
    expect(region()?.status?.conditions?.[0]).toMatchObject({
      status: 'True',
      message: expect.stringContaining('no namespace stands for tenant "nobody"'),
    })
  })
})
