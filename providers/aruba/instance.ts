import type { Instance } from '../../src/kinds/index.ts'
import type { Desired, Observed } from '../../src/provider/contract.ts'
import { digest } from '../../src/provider/notes.ts'
import { powerActions, wantedPower } from '../../src/provider/power.ts'
import { idAt } from '../../src/provider/targets.ts'
import type { Notes, Translation } from '../../src/provider/translation.ts'
import { userDataOf } from '../../src/provider/user-data.ts'
import { type Native, refOf, stateOf, textOf } from './native.ts'
import { hasUri, sameUri } from './uri.ts'
import { differs, isByInstance, isNone, nicsOf, volumesDiffer } from './wiring.ts'
import { projectOf } from './workspace.ts'

type D = typeof Instance

const powerOf = (server: Native): 'on' | 'off' => (stateOf(server) === 'Stopped' ? 'off' : 'on')

/** Verbatim. One key is a key pair's, more travel here. */
export function userDataFor({ sshKeys = [], userData }: Desired<D>['spec']): string | undefined {
  const text = userDataOf({ userData, ...(sshKeys.length > 1 ? { sshKeys } : {}) })
  return text && Buffer.from(text, 'base64').toString('utf8')
}

/** What the cloud takes and does not show, and never changes. */
const once = (key: string, valueOf: (desired: Desired<D>) => unknown) => ({
  notes: (desired: Desired<D>) => ({ [key]: digest(valueOf(desired)) }),
  isMet: (_server: Native, desired: Desired<D>, notes: Notes) => notes[key] === undefined || notes[key] === digest(valueOf(desired)),
  isFixed: true as const,
})

/** Whether the subnet that differs is that of the first NIC: it is missing, or there is one too many and no others are wanted. */
function isOfPrimary(server: Native, desired: Desired<D>): boolean {
  const { missing, surplus } = differs(server, desired, 'subnets')
  const first = desired.targets['primaryNicRef']?.targets['subnetRef']?.externalId
  return (first !== undefined && hasUri(missing, first)) || (missing.length === 0 && surplus.length > 0 && nicsOf(desired).length <= 1)
}

const isGroupRight = (server: Native, desired: Desired<D>) => isNone(differs(server, desired, 'groups'))

const NIC_PATHS = ['primaryNicRef', 'additionalNicRefs[]']

export const instance: Translation<D, Native> = {
  type: 'cloudServers',
  capability: {
    ignores: ['bootVolume.type', 'dataVolumes[].type'],
    reads: NIC_PATHS.flatMap((path) => ['subnetRef', 'securityGroupRefs[]', 'publicIpRefs[]'].map((below) => `${path}.${below}`)),
    note: 'a cloud server in one network, with one security group for all NICs at least and one public IP at most; what else changes needs a new one; a restart is off and on; no anti-affinity; an existing server cannot be taken over',
  },
  parent: projectOf,
  wants: {
    skuRef: { isMet: () => true, isFixed: true },
    zone: { isMet: (server, { zone }) => zone === undefined || ['', zone].includes(textOf(server, 'dataCenter')), isFixed: true },
    'bootVolume.deviceRef': {
      isMet: (server, desired) => {
        const boot = idAt(desired, 'bootVolume.deviceRef')
        return boot === undefined || sameUri(boot, refOf(server, 'bootVolume'))
      },
      isFixed: true,
    },
    dataVolumes: { isMet: (server, desired) => isNone(volumesDiffer(server, desired)) },
    primaryNicRef: {
      isMet: (server, desired) =>
        !isOfPrimary(server, desired) &&
        isNone(differs(server, desired, 'elasticIps')) &&
        (isByInstance(desired) || isGroupRight(server, desired)),
    },
    additionalNicRefs: { isMet: (server, desired) => isNone(differs(server, desired, 'subnets')) || isOfPrimary(server, desired) },
    securityGroupRef: { isMet: (server, desired) => !isByInstance(desired) || isGroupRight(server, desired) },
    antiAffinityGroup: { isMet: (_server, { spec }) => !spec.antiAffinityGroup, isFixed: true },
    sshKeys: once('keys', ({ spec }) => spec.sshKeys ?? []),
    userData: once('user-data', ({ spec }) => spec.userData ?? ''),
  },
  status: (server) => ({ powerState: powerOf(server) }),
  actions: powerActions(powerOf, nextStep),
}

/** Off first, where that is wanted; on last. The cloud has no restart: off, and on, which answers the request. */
function nextStep(desired: Desired<D>, seen: Observed<D>, fields: readonly string[]) {
  const isOn = seen.status.powerState === 'on'
  const isWantedOn = wantedPower(desired) === 'on'
  const notes = { restart: desired.restartRequest }
  if (isOn && !isWantedOn) return { verb: 'poweroff', notes }
  if (fields.length > 0) return undefined
  // Not marked as done: a process that dies now finds a server that is off, to be started, with the request open.
  if (isOn) return { verb: 'poweroff' }
  return isWantedOn ? { verb: 'poweron', notes } : { notes }
}
