import { CREATED, changed } from '../asserts.ts'
import { another, type Fixtures, respec, several } from '../fixtures.ts'
import { refTo, skuRef } from '../resource.ts'
import type { Scenario, Steps } from '../steps.ts'
import { refuseEnvelopes, refusePlaces, refuseSpecs } from './constraints.ts'

async function volumeLifeCycle(steps: Steps, { volume }: Fixtures): Promise<void> {
  await steps.created(volume)
  const updated = respec(volume, { sizeGB: 60 })
  await steps.update(updated)
  await steps.active(updated, changed(CREATED))
}

async function imageLifeCycle(steps: Steps, { image }: Fixtures): Promise<void> {
  await steps.created(image)
  const updated = respec(image, { cpuArchitecture: 'arm64' })
  await steps.update(updated)
  await steps.active(updated, changed(CREATED))
}

export const STORAGE: Readonly<Record<string, Scenario>> = {
  'Storage.V1.ProviderLifeCycle': async (steps) => {
    const fixtures = steps.fixtures()
    await steps.created(fixtures.workspace)
    await volumeLifeCycle(steps, fixtures)
    await imageLifeCycle(steps, fixtures)
    await steps.removed(fixtures.image, fixtures.volume, fixtures.workspace)
  },
  'Storage.V1.ProviderQueries': async (steps) => {
    const { workspace, volume, image } = steps.fixtures()
    await steps.create(workspace)
    const volumes = several(volume, 3)
    for (const of of volumes) await steps.create(of)
    await steps.lists(volumes, { isAll: true })
    const images = several(respec(image, { blockStorageRef: refTo(volumes[0]!) }), 3)
    for (const of of images) await steps.create(of)
    await steps.lists(images, { isAll: false })
    for (const query of ['', 'limit=1']) await steps.skus(volume.kind, query)
    await steps.removed(...images, ...volumes, workspace)
  },
  'Storage.V1.BlockStorageLifeCycle': async (steps) => {
    const fixtures = steps.fixtures()
    await steps.created(fixtures.workspace)
    await volumeLifeCycle(steps, fixtures)
    await steps.removed(fixtures.volume, fixtures.workspace)
  },
  'Storage.V1.ImageLifeCycle': async (steps) => {
    const fixtures = steps.fixtures()
    const { workspace, volume, image } = fixtures
    for (const of of [workspace, volume]) await steps.created(of)
    await imageLifeCycle(steps, fixtures)
    await steps.removed(image, volume, workspace)
  },
  'Storage.V1.BlockStorageConstraintsValidation': async (steps) => {
    const { workspace, volume } = steps.fixtures()
    await steps.created(workspace)
    await refuseEnvelopes(steps, volume)
    await steps.removed(workspace)
  },
  'Storage.V1.ImageConstraintsValidation': async (steps) => {
    const { workspace, volume, image } = steps.fixtures()
    for (const of of [workspace, volume]) await steps.created(of)
    await refuseEnvelopes(steps, image)
    await steps.removed(volume, workspace)
  },
  'Storage.V1.BlockStorageError': async (steps) => {
    const { workspace, volume, tenant } = steps.fixtures()
    await steps.created(workspace)
    await refusePlaces(steps, volume)
    await refuseSpecs(steps, volume, [{ skuRef: skuRef('storage', tenant, 'non-existent-sku') }])
    await steps.removed(workspace)
  },
  'Storage.V1.ImageError': async (steps) => {
    const { workspace, volume, image } = steps.fixtures()
    for (const of of [workspace, volume]) await steps.created(of)
    await steps.refused('an unknown region', another(image, { region: 'invalid-region' }))
    await refuseSpecs(steps, image, [
      { cpuArchitecture: 'x86_64' },
      { blockStorageRef: refTo(another(volume)) },
      { blockStorageRef: refTo(another(volume, { workspace: 'non-existent-workspace' })) },
    ])
    await steps.removed(volume, workspace)
  },
}
