import { afterEach, describe, expect, it } from 'vitest'
import { applyManifests, eventually, kubectl, type Stack, startStack } from '../support/harness.ts'
import { wipe } from '../support/audit.ts'
import { everything } from '../support/manifest.ts'
import { Tenant } from '../support/tenant.ts'
import { isSimulated } from '../support/names.ts'

/** Clouds that are unlike a neat one; what each is like: providers/simulator/README.md. */
const CLOUDS = ['tokenless,lagging', 'short-tags', 'serial', 'moody', 'parts']

let stack: Stack | undefined
afterEach(async () => {
  await stack?.stop()
})

describe.skipIf(!isSimulated).each(CLOUDS)('%s', (characters) => {
  it('a whole tenant comes, changes and goes, and the controllers are killed twice: nothing is doubled, nothing leaked', async () => {
    stack = await startStack({ characters: characters.split(',') })
    const { cloud } = stack
    const tenant = await Tenant.make(stack, { bare: true })
    const manifests = everything(tenant, tenant.workspace)
    await applyManifests(manifests.toReversed())
    await eventually(async () => (await cloud.mutations()).length >= 6)
    await stack.kill('controllers')
    await stack.restart('controllers')
    await tenant.allReady(manifests, 120_000)
    const ids = async () => (await cloud.inventory()).items.map(({ id }) => id).toSorted()
    const before = await ids()
    expect((await cloud.inventory()).duplicateTags).toEqual([])

    await tenant.edit('BlockStorage', 'data', { spec: { sizeGB: 120 } })
    await tenant.edit('Instance', 'web', { spec: { powerState: 'off' } })
    await tenant.until('BlockStorage', 'data', ({ status }) => expect(status).toMatchObject({ state: 'active', sizeGB: 120 }))
    await tenant.until('Instance', 'web', ({ status }) => expect(status).toMatchObject({ state: 'active', powerState: 'off' }))
    expect(await ids()).toEqual(before)

    await kubectl(['delete', 'seca', '--all', '-n', tenant.space, '--wait=false'])
    await eventually(async () => (await ids()).length < before.length)
    await stack.kill('controllers')
    await stack.restart('controllers')
    await wipe(stack)
    expect(await ids()).toEqual([])
  }, 300_000)
})
