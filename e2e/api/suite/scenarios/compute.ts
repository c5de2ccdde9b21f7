import { expect } from 'vitest'
import { CREATED, changed } from '../asserts.ts'
import { another, respec, several } from '../fixtures.ts'
import { refTo, skuRef } from '../resource.ts'
import type { Scenario } from '../steps.ts'
import { refuseEnvelopes, refuseSpecs } from './constraints.ts'

export const COMPUTE: Readonly<Record<string, Scenario>> = {
  'Compute.V1.ProviderLifeCycle': async (steps) => {
    const { workspace, volume, instance } = steps.fixtures()
    for (const of of [workspace, volume]) await steps.created(of)
    await steps.create(instance)
    const seen = await steps.active(instance, CREATED, { powerState: 'off' })
    // The suite draws the zone again, and zones are fixed: the draw that changes nothing is the one that can pass.
    await steps.update(instance, seen)
    let history = changed(CREATED)
    await steps.active(instance, history, { powerState: 'off' })
    for (const [action, powerState] of [
      ['start', 'on'],
      ['restart', 'on'],
      ['stop', 'off'],
    ] as const) {
      await steps.action(action, instance)
      history = changed(history)
      await steps.active(instance, history, { powerState })
    }
    await steps.removed(instance, volume, workspace)
  },
  'Compute.V1.ProviderQueries': async (steps) => {
    const { workspace, volume, instance } = steps.fixtures()
    for (const of of [workspace, volume]) await steps.create(of)
    // All boot from one volume, as in the suite.
    const instances = several(instance, 3)
    for (const one of instances) await steps.create(one)
    await steps.lists(instances, { isAll: true })
    for (const query of ['', 'limit=1', 'labels=Tier%3DD2XS', 'limit=1&labels=Tier%3DD2XS'])
      expect(await steps.skus(instance.kind, query)).toContain('d2xs')
    await steps.removed(...instances, volume, workspace)
  },
  'Compute.V1.InstanceConstraintsValidation': async (steps) => {
    const { workspace, volume, instance } = steps.fixtures()
    for (const of of [workspace, volume]) await steps.created(of)
    await refuseEnvelopes(steps, instance)
    await refuseSpecs(steps, instance, [
      { userData: 'a'.repeat(65_537) },
      { antiAffinityGroup: 'a'.repeat(65) },
      { sshKeys: ['a'.repeat(4_097)] },
      { sshKeys: Array<string>(33).fill('ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQD') },
      { sshKeys: [''] },
      { zone: 'z'.repeat(33) },
      { zone: '' },
      { dataVolumes: Array.from({ length: 65 }, () => ({ deviceRef: refTo(volume) })) },
    ])
    await steps.removed(volume, workspace)
  },
  'Compute.V1.InstanceError': async (steps) => {
    const { workspace, volume, instance, tenant } = steps.fixtures()
    for (const of of [workspace, volume]) await steps.created(of)
    await refuseSpecs(steps, instance, [
      { skuRef: skuRef('compute', tenant, 'non-existent-sku') },
      { bootVolume: { deviceRef: refTo(another(volume)) } },
      { zone: 'invalid-zone' },
    ])
    await steps.refused('an unknown workspace', another(instance, { workspace: 'non-existent-workspace' }))
    await steps.created(instance)
    await steps.action('start', instance)
    await steps.active(instance, changed(CREATED), { powerState: 'on' })
    await steps.actionRefused('start', instance)
    // Nobody waits for the stop: what was asked for counts.
    await steps.action('stop', instance)
    await steps.actionRefused('stop', instance)
    await steps.actionRefused('restart', instance)
    await steps.removed(instance, volume, workspace)
  },
}

/** Two instances of one anti-affinity group in two zones, started one after the other. */
export const haMultiZone: Scenario = async (steps) => {
  const { workspace, volume, instance } = steps.fixtures()
  await steps.created(workspace)
  const volumes = [volume, another(volume)]
  for (const of of volumes) await steps.created(of)
  const replicas = volumes.map((of, index) =>
    another(respec(instance, { antiAffinityGroup: 'ha-group', zone: ['a', 'b'][index], bootVolume: { deviceRef: refTo(of) } })),
  )
  for (const replica of replicas) await steps.created(replica)
  for (const replica of replicas) {
    await steps.action('start', replica)
    await steps.active(replica, changed(CREATED), { powerState: 'on' })
  }
  await steps.remove(...replicas, ...volumes, workspace)
}
