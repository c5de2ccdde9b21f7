import { isDeepStrictEqual } from 'node:util'
import type { Instance } from '../../src/kinds/index.ts'
import { covers } from '../../src/provider/capability.ts'
import type { Desired, Observed } from '../../src/provider/contract.ts'
import { powerActions, wantedPower } from '../../src/provider/power.ts'
import { idAt, idsAt, knownIds, skuNumber } from '../../src/provider/targets.ts'
import type { Translation } from '../../src/provider/translation.ts'
import type { CloudObject } from './client.ts'
import { projectOf } from './workspace.ts'

type D = typeof Instance

/** The paths whose change needs a server that is off. */
const WHILE_OFF = 'bootVolume'

export const instance: Translation<D, CloudObject> = {
  type: 'servers',
  capability: {
    ignores: ['bootVolume.type', 'dataVolumes[].type'],
    note: 'the boot volume changes only while the server is off, or with a restart',
  },
  initial: (desired) => ({
    ...projectOf(desired),
    data_volumes: knownIds(desired, 'dataVolumes[].deviceRef'),
    ports: [],
  }),
  wants: {
    skuRef: {
      fields: (desired) => ({ vcpus: skuNumber(desired, 'skuRef', 'vCPU'), ram_gb: skuNumber(desired, 'skuRef', 'ram') }),
      isFixed: true,
    },
    zone: { fields: ({ zone }) => ({ zone }), isFixed: true },
    'bootVolume.deviceRef': { fields: (desired) => ({ boot_volume: idAt(desired, 'bootVolume.deviceRef') }) },
    dataVolumes: { fields: (desired) => ({ data_volumes: idsAt(desired, 'dataVolumes[].deviceRef') }) },
    primaryNicRef: {
      fields: portsFor,
      isMet: (server, desired) => isMetBy(server, desired, (ports, primary) => ports.slice(0, primary)),
    },
    additionalNicRefs: {
      fields: portsFor,
      isMet: (server, desired) => isMetBy(server, desired, (ports, primary) => ports.slice(primary)),
    },
    securityGroupRef: { fields: (desired) => ({ firewall: desired.spec.securityGroupRef ? idAt(desired, 'securityGroupRef') : null }) },
    antiAffinityGroup: { fields: ({ spec }) => ({ placement_group: spec.antiAffinityGroup || null }) },
    sshKeys: { fields: ({ spec }) => ({ ssh_keys: spec.sshKeys ?? [] }) },
    userData: {
      fields: ({ spec }) => ({ user_data: spec.userData ?? null }),
      notes: ({ spec }) => ({ userData: spec.userData === undefined ? undefined : 'ours' }),
      // Those of a server that was taken over may hold secrets, and stand in no spec.
      isMet: (server, { spec }, notes) =>
        spec.userData === undefined
          ? server['user_data'] === null || notes['userData'] === undefined
          : server['user_data'] === spec.userData,
    },
  },
  status: (server) => ({
    powerState: powerOf(server),
    ...(typeof server['power_changed_at'] === 'number' ? { powerStateSince: new Date(server['power_changed_at']).toISOString() } : {}),
  }),
  actions: powerActions(powerOf, nextStep),
}

/** Off first, where that is wanted or a change needs it and a restart was asked for; then the fields; on last. */
function nextStep(desired: Desired<D>, seen: Observed<D>, fields: readonly string[]) {
  const isOn = seen.status.powerState === 'on'
  const isWantedOn = wantedPower(desired) === 'on'
  const isRestart = seen.drift.includes('restart')
  const mark = { restart: desired.restartRequest }
  if (isOn && !isWantedOn) return { verb: 'stop', notes: mark }
  // Not marked as done: a process that dies now finds a server that is off, to be started, with the request open.
  if (isOn && isRestart && fields.some((path) => covers(WHILE_OFF, path))) return { verb: 'stop' }
  if (fields.length > 0) return undefined
  if (!isOn && isWantedOn) return { verb: 'start', notes: mark }
  // What is off, and is to stay off, has nothing to restart.
  return isOn ? { verb: 'restart', notes: mark } : { notes: mark }
}

function powerOf(server: CloudObject): 'on' | 'off' {
  return server['power'] === 'on' ? 'on' : 'off'
}

/** All ports in their order; unknown while one of them is. */
function portsFor(desired: Desired<D>): { ports: readonly string[] | undefined } {
  const first = desired.spec.primaryNicRef ? idAt(desired, 'primaryNicRef') : ''
  const others = idsAt(desired, 'additionalNicRefs[]')
  return { ports: first === undefined || others === undefined ? undefined : [...(first === '' ? [] : [first]), ...others] }
}

function isMetBy(
  server: CloudObject,
  desired: Desired<D>,
  part: (ports: readonly string[], primary: number) => readonly string[],
): boolean {
  const { ports } = portsFor(desired)
  const primary = desired.spec.primaryNicRef ? 1 : 0
  return ports === undefined || isDeepStrictEqual(part(server['ports'] as readonly string[], primary), part(ports, primary))
}
