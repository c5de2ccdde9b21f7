import { afterEach, describe, expect, it } from 'vitest'
import { BESIDE } from '../../src/kinds/names.ts'
import { expectNoLeak, expectOneCreateEach, inventoryOf, mutationsOf, wipe } from '../support/audit.ts'
import { kubectl, type Stack, startStack } from '../support/harness.ts'
import { Fire } from './fire.ts'
import { changed, FLAGS, livesUnderFire, SEED, Strikes, type Witness } from './lives.ts'

let stack: Stack | undefined
let fire: Fire | undefined
afterEach(async () => {
  await fire?.close()
  await stack?.stop()
})

describe.each(['neat', 'tokenless,lagging'])('on a cloud that is %s', (characters) => {
  it(
    `a tenant comes, changes and goes, whatever is killed, stopped or cut off at any request (seed ${SEED})`,
    { timeout: 5_400_000 },
    async () => {
      stack = await startStack({ characters: characters.split(','), latencyMs: 20 })
      await stack.halt('controllers')
      const account = JSON.parse(await kubectl(['get', 'cloudprovider', 'simulator', '-o', 'json'])) as {
        spec: { settings: { endpoint: string } }
      }
      const strikes = new Strikes()
      fire = new Fire({ stack, cloud: [account.spec.settings.endpoint], flags: FLAGS, isWanted: strikes.isWanted })
      await fire.open()
      // A leader that is killed before anything of ours is there meets strangers alone in the account.
      const settings = { metadata: { annotations: { [BESIDE]: 'other' } }, spec: { settings: { endpoint: fire.gates[0]?.url } } }
      await kubectl(['patch', 'cloudprovider', 'simulator', '--type=merge', '-p', JSON.stringify(settings)])
      await fire.start()
      const strangers = await makeStrangers(stack)
      await livesUnderFire({ stack, fire, strikes, witness: witnessOf(stack), title: characters })
      expect((await stack.cloud.mutations(strangers.since)).filter(({ id }) => strangers.ids.includes(id))).toEqual([])
      for (const id of strangers.ids) await stack.cloud.remove(id)
      await wipe(stack)
      expect((await stack.cloud.inventory()).items).toEqual([])
    },
  )
})

/** What others have in the same account: nobody's, and another installation's of the same names. */
async function makeStrangers({ cloud }: Stack): Promise<{ readonly ids: readonly string[]; readonly since: number }> {
  const project = await cloud.create('projects', { name: 'prod', tag: 'other/eu-1/seca.workspace/v1/tenants/t/workspaces/prod' })
  const volume = await cloud.create('volumes', { name: 'data', project: project.id, size_gb: 10 })
  return { ids: [volume.id, project.id], since: (await cloud.stats()).lastMutation }
}

function witnessOf(stack: Stack): Witness {
  const fields = {
    'BlockStorage/data': { sizeGB: 120 },
    'Instance/web': { powerState: 'off' },
    'InternetGateway/internet': { egressOnly: true },
    'SecurityGroup/web': { rules: [{ direction: 'ingress', version: 'IPv4', protocol: 'tcp', ports: { list: [443] } }] },
  }
  return {
    idsOf: async (tenant) => (await inventoryOf(stack, tenant)).map(({ id }) => id).toSorted(),
    async expectWhole(tenant) {
      await expectNoLeak(stack, tenant)
      await expectOneCreateEach(stack, tenant)
    },
    changeOf: (manifest) => changed(manifest, fields),
    async expectChanged(tenant, manifests) {
      for (const { kind, metadata } of manifests.filter(({ kind }) => !kind.startsWith('Role')))
        expect(await tenant.behind(kind, metadata.name)).toMatchObject({ labels: { turn: 'two' } })
      expect(await tenant.behind('BlockStorage', 'data')).toMatchObject({ size_gb: 120 })
      expect(await tenant.behind('Instance', 'web')).toMatchObject({ power: 'off' })
    },
    async expectGone(tenant, made) {
      const deletes = (await mutationsOf(stack, tenant)).filter(({ action }) => action === 'delete')
      expect(deletes.map(({ id }) => id).toSorted()).toEqual(made)
      await expectOneCreateEach(stack, tenant)
    },
  }
}
