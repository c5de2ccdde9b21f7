import { isDeepStrictEqual } from 'node:util'
import type { Instance } from '../../src/kinds/index.ts'
import type { Desired } from '../../src/provider/contract.ts'
import { idAt, idsAt } from '../../src/provider/targets.ts'
import { projectOf, skuNumber, type Translation } from './adapter.ts'
import type { CloudObject } from './client.ts'

type D = typeof Instance

export const instance: Translation<D> = {
  type: 'servers',
  capability: {
    updates: [
      'powerState',
      'restart',
      'bootVolume.deviceRef',
      'dataVolumes',
      'primaryNicRef',
      'additionalNicRefs',
      'securityGroupRef',
      'antiAffinityGroup',
      'sshKeys',
      'userData',
    ],
    note: 'the boot volume changes only while the server is off',
  },
  initial: (desired) => ({
    ...projectOf(desired),
    zone: desired.zone,
    vcpus: skuNumber(desired, 'skuRef', 'vCPU'),
    ram_gb: skuNumber(desired, 'skuRef', 'ram'),
    metadata: restartMark(desired),
  }),
  wants(desired) {
    const { spec } = desired
    const primary = spec.primaryNicRef ? [spec.primaryNicRef] : []
    const nic = idAt(desired, 'primaryNicRef')
    const first = primary.length === 0 ? [] : nic === undefined ? undefined : [nic]
    const others = idsAt(desired, 'additionalNicRefs[]')
    const ports = first && others ? [...first, ...others] : undefined
    const portsOf = (object: CloudObject) => object['ports'] as readonly string[]
    return {
      'bootVolume.deviceRef': { fields: { boot_volume: idAt(desired, 'bootVolume.deviceRef') } },
      dataVolumes: {
        fields: {
          data_volumes: idsAt(desired, 'dataVolumes[].deviceRef'),
        },
      },
      primaryNicRef: { fields: { ports }, isMet: (object) => !ports || isDeepStrictEqual(portsOf(object).slice(0, primary.length), first) },
      additionalNicRefs: {
        fields: { ports },
        isMet: (object) => !ports || isDeepStrictEqual(portsOf(object).slice(primary.length), others),
      },
      securityGroupRef: { fields: { firewall: spec.securityGroupRef ? idAt(desired, 'securityGroupRef') : null } },
      antiAffinityGroup: { fields: { placement_group: spec.antiAffinityGroup || null } },
      sshKeys: { fields: { ssh_keys: spec.sshKeys ?? [] } },
      userData: { fields: { user_data: spec.userData ?? null } },
    }
  },
  status: (object) => ({
    powerState: object['power'] === 'on' ? 'on' : 'off',
    ...(object['power_changed_at'] === null ? {} : { powerStateSince: new Date(Number(object['power_changed_at'])).toISOString() }),
  }),
  actions: {
    // This cloud starts what it builds, whatever was asked for: stopped here unless power is wanted.
    drift: (object, desired) => [
      ...(object['power'] === wantedPower(desired) ? [] : ['powerState']),
      ...(desired.restartRequest === undefined || object.metadata['restart'] === desired.restartRequest ? [] : ['restart']),
    ],
    async run(client, desired, seen, context) {
      const body = { metadata: restartMark(desired) }
      const wanted = wantedPower(desired)
      if (seen.drift.includes('powerState')) await client.act(seen.externalId ?? '', wanted === 'on' ? 'start' : 'stop', body, context)
      else if (wanted === 'on') await client.act(seen.externalId ?? '', 'restart', body, context)
      // What is off, and is to stay off, has nothing to restart.
      else await client.change('servers', seen.externalId ?? '', body, context)
    },
  },
}

function wantedPower(desired: Desired<D>): 'on' | 'off' {
  return desired.spec.powerState ?? 'off'
}

/** The request that the server's last start answers. */
function restartMark(desired: Desired<D>): Readonly<Record<string, string>> {
  return desired.restartRequest === undefined ? {} : { restart: desired.restartRequest }
}
