import type { Instance } from '../../../src/kinds/index.ts'
import type { Desired, Observed } from '../../../src/provider/contract.ts'
import { powerActions, wantedPower } from '../../../src/provider/power.ts'
import { idAt, idsAt } from '../../../src/provider/targets.ts'
import type { Translation } from '../../../src/provider/translation.ts'
import { userDataOf } from '../../../src/provider/user-data.ts'
import { projectOf } from '../identity/workspace.ts'
import { listOf, type Native, textOf } from '../native.ts'
import { powerOf, powerSince } from './power.ts'

type D = typeof Instance

const volumesOf = (server: Native) => listOf(server, 'os-extended-volumes:volumes_attached').map(({ id }) => id)
const portsOf = (server: Native) => listOf<string>(server, 'ports')

/** All NICs in their order; unknown while one of them is. */
export function nicsFor(desired: Desired<D>): readonly string[] | undefined {
  const first = desired.spec.primaryNicRef ? idAt(desired, 'primaryNicRef') : ''
  const others = idsAt(desired, 'additionalNicRefs[]')
  return first === undefined || others === undefined ? undefined : [...(first === '' ? [] : [first]), ...others]
}

/** What is attached and what should be, of volumes or ports; undefined while something of it is not known. */
export interface Difference {
  readonly missing: readonly string[]
  readonly surplus: readonly string[]
}

export function volumeDifference(server: Native, desired: Desired<D>): Difference | undefined {
  const [boot, data] = [idAt(desired, 'bootVolume.deviceRef'), idsAt(desired, 'dataVolumes[].deviceRef')]
  if (boot === undefined || data === undefined) return undefined
  return difference(
    volumesOf(server).filter((id) => id !== boot),
    data,
  )
}

export function nicDifference(server: Native, desired: Desired<D>): Difference | undefined {
  const wanted = nicsFor(desired)
  return wanted && difference(portsOf(server), wanted)
}

const difference = (has: readonly string[], wanted: readonly string[]): Difference => ({
  missing: wanted.filter((id) => !has.includes(id)),
  surplus: has.filter((id) => !wanted.includes(id)),
})

const isNone = (one: Difference | undefined) => one === undefined || one.missing.length + one.surplus.length === 0

/** Whether what differs is the first NIC: it is missing, or there is one too many and no others are wanted. */
function isOfPrimary({ missing, surplus }: Difference, desired: Desired<D>): boolean {
  const primary = idAt(desired, 'primaryNicRef')
  return (
    (primary !== undefined && missing.includes(primary)) ||
    (surplus.length > 0 && missing.length === 0 && !desired.spec.additionalNicRefs?.length)
  )
}

export const instance: Translation<D, Native> = {
  type: 'servers',
  capability: {
    ignores: ['bootVolume.type', 'dataVolumes[].type', 'securityGroupRef'],
    note: 'a server that boots from its volume; its security group is put on its NICs',
  },
  parent: projectOf,
  wants: {
    skuRef: { isMet: () => true, isFixed: true },
    zone: {
      fields: ({ zone }) => ({ availability_zone: zone }),
      isMet: (server, { zone }) => zone === undefined || ['', zone].includes(textOf(server, 'OS-EXT-AZ:availability_zone')),
      isFixed: true,
    },
    'bootVolume.deviceRef': {
      isMet: (server, desired) => {
        const boot = idAt(desired, 'bootVolume.deviceRef')
        return boot === undefined || volumesOf(server).includes(boot)
      },
      isFixed: true,
    },
    dataVolumes: { isMet: (server, desired) => isNone(volumeDifference(server, desired)) },
    primaryNicRef: {
      isMet: (server, desired) => {
        const found = nicDifference(server, desired)
        return found === undefined || isNone(found) || !isOfPrimary(found, desired)
      },
    },
    additionalNicRefs: {
      isMet: (server, desired) => {
        const found = nicDifference(server, desired)
        return found === undefined || isNone(found) || isOfPrimary(found, desired)
      },
    },
    antiAffinityGroup: { notes: ({ spec }) => ({ group: spec.antiAffinityGroup || undefined }), isFixed: true },
    sshKeys: { fields: ({ spec }) => ({ user_data: userDataOf(spec) }), isHidden: true, isFixed: true },
    userData: { fields: ({ spec }) => ({ user_data: userDataOf(spec) }), isHidden: true, isFixed: true },
  },
  status(server, { handle }) {
    const since = powerSince(server, handle)
    return { powerState: powerOf(server), ...(since === undefined ? {} : { powerStateSince: since }) }
  },
  actions: powerActions(powerOf, nextStep),
}

const REBOOT = { reboot: { type: 'SOFT' } }

/** Off first, where that is wanted; on last. What is off, and is to stay off, has nothing to restart. */
function nextStep(desired: Desired<D>, seen: Observed<D>, fields: readonly string[]) {
  const isOn = seen.status.powerState === 'on'
  const isWantedOn = wantedPower(desired) === 'on'
  const notes = { restart: desired.restartRequest }
  if (isOn && !isWantedOn) return { verb: 'os-stop', notes }
  if (fields.length > 0) return undefined
  if (!isOn && isWantedOn) return { verb: 'os-start', notes }
  return isOn ? { verb: 'reboot', notes, fields: REBOOT.reboot } : { notes }
}
