import type { Instance } from '../../src/kinds/index.ts'
import type { Desired, Observed, Other } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { powerActions, wantedPower } from '../../src/provider/power.ts'
import { idAt, idsAt, skuNumber, targetsAt } from '../../src/provider/targets.ts'
import type { Translation } from '../../src/provider/translation.ts'
import { companionOf, markIn } from './names.ts'
import { lastOf, type Native, textOf } from './native.ts'
import type { Settings } from './settings.ts'
import { centerOf } from './workspace.ts'

type D = typeof Instance

const NIC_PATHS = ['primaryNicRef', 'additionalNicRefs[]'] as const

/** The NICs that an instance names and that are there. */
export function nicsOf(desired: Pick<Desired, 'spec' | 'targets'>): readonly Other[] {
  return [desired.targets['primaryNicRef'], ...targetsAt(desired, 'additionalNicRefs[]')].filter((nic) => nic !== undefined)
}

const keyOf = (object: Native) => markIn(textOf(object, 'name'))?.key ?? companionOf(textOf(object, 'name')) ?? ''

/** NICs that are missing, and interfaces that no NIC of the instance stands for. */
export function nicDifference(server: Native, desired: Desired<D>) {
  const wanted = new Map(nicsOf(desired).map((nic) => [nic.tagKey, nic]))
  const there = server.entities['nics'] ?? []
  const own = new Set(there.filter((nic) => companionOf(textOf(nic, 'name')) === undefined).map(keyOf))
  return { missing: [...wanted.values()].filter(({ tagKey }) => !own.has(tagKey)), surplus: there.filter((nic) => !wanted.has(keyOf(nic))) }
}

const isFirst = (desired: Desired<D>, { missing, surplus }: ReturnType<typeof nicDifference>) =>
  missing.some((nic) => nic === desired.targets['primaryNicRef']) || (surplus.length > 0 && !desired.spec.additionalNicRefs)

export const bootIdOf = (server: Native): string | undefined => (server['bootVolume'] as { readonly id?: string } | null | undefined)?.id

/** Volumes that are attached beside the one that it boots from. */
export function dataVolumesOf(server: Native, desired: Desired<D>): readonly string[] {
  const boot = desired.targets['bootVolume.deviceRef']
  const isBoot = (volume: Native) =>
    lastOf(volume.id) === bootIdOf(server) || volume.id === boot?.externalId || keyOf(volume) === boot?.tagKey
  return (server.entities['volumes'] ?? []).filter((volume) => !isBoot(volume)).map(({ id }) => id)
}

export function instance({ serverType }: Pick<Settings, 'serverType'>): Translation<D, Native> {
  return {
    type: 'servers',
    capability: {
      ignores: ['bootVolume.type', 'dataVolumes[].type', 'securityGroupRef'],
      reads: ['bootVolume.deviceRef.skuRef', 'bootVolume.deviceRef.sourceImageRef', ...NIC_PATHS.map((path) => `${path}.subnetRef`)],
      note: 'its security group is put on the NICs that have none; keys and user data reach a boot volume that is made with it',
    },
    parent: centerOf,
    initial({ spec }) {
      if (spec.antiAffinityGroup)
        throw new ProviderError('unsupported', 'antiAffinityGroup: this cloud does not take one, spread the instances over its zones')
      return { type: serverType }
    },
    wants: {
      skuRef: {
        fields: (desired) => ({ cores: skuNumber(desired, 'skuRef', 'vCPU'), ram: megabytes(skuNumber(desired, 'skuRef', 'ram')) }),
      },
      zone: { fields: ({ zone }) => ({ availabilityZone: zone }), isFixed: true },
      'bootVolume.deviceRef': {
        isMet: (server, desired) => {
          const id = idAt(desired, 'bootVolume.deviceRef')
          return id === undefined || bootIdOf(server) === lastOf(id)
        },
      },
      dataVolumes: {
        isMet: (server, desired) => {
          const ids = idsAt(desired, 'dataVolumes[].deviceRef')
          return ids === undefined || new Set(ids).symmetricDifference(new Set(dataVolumesOf(server, desired))).size === 0
        },
      },
      primaryNicRef: {
        isMet: (server, desired) => {
          const difference = nicDifference(server, desired)
          return difference.missing.length + difference.surplus.length === 0 || !isFirst(desired, difference)
        },
      },
      additionalNicRefs: {
        isMet: (server, desired) => {
          const difference = nicDifference(server, desired)
          return difference.missing.length + difference.surplus.length === 0 || isFirst(desired, difference)
        },
      },
      antiAffinityGroup: { isMet: (_server, { spec }) => !spec.antiAffinityGroup, isFixed: true },
      sshKeys: { fields: ({ spec }) => ({ _sshKeys: spec.sshKeys ?? [] }), isFixed: true, isHidden: true },
      userData: { fields: ({ spec }) => ({ _userData: spec.userData ?? null }), isFixed: true, isHidden: true },
    },
    status: (server) => ({ powerState: powerOf(server) }),
    actions: powerActions(powerOf, nextStep),
  }
}

/** Fields first, then power: off ends what a restart asks for, too. */
function nextStep(desired: Desired<D>, seen: Observed<D>, fields: readonly string[]) {
  const isOn = seen.status.powerState === 'on'
  const mark = { restart: desired.restartRequest }
  if (isOn && wantedPower(desired) === 'off') return { verb: 'stop', notes: mark }
  if (fields.length > 0) return undefined
  if (!isOn && wantedPower(desired) === 'on') return { verb: 'start', notes: mark }
  return isOn ? { verb: 'reboot', notes: mark } : { notes: mark }
}

const megabytes = (gigabytes: number | undefined) => (gigabytes === undefined ? undefined : gigabytes * 1_024)
const powerOf = (server: Native) => (server['vmState'] === 'RUNNING' ? 'on' : 'off')
