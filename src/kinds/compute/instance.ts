import * as z from 'zod'
import { plainName, zone } from '../fields.ts'
import { defineKind } from '../kind.ts'
import { ref } from '../ref.ts'
import { immutable } from '../rules.ts'

const Volume = z.object({
  deviceRef: ref('BlockStorage', { mustExist: ['BlockStorage'], holds: true }).describe('The volume.'),
  type: z.enum(['virtio']).default('virtio').describe('How the volume is attached.'),
})

const nic = () => ref('Nic', { holds: true })

export const Instance = defineKind({
  kind: 'Instance',
  api: 'seca.compute/v1',
  collection: 'instances',
  secaKind: 'instance',
  scope: 'workspace',
  cloud: 'required',
  shortNames: ['inst'],
  description: 'A virtual machine.',
  columns: [
    { name: 'Power', path: '.status.powerState' },
    { name: 'SKU', path: '.spec.skuRef.resource' },
    { name: 'Zone', path: '.spec.zone' },
    { name: 'Wanted power', path: '.spec.powerState', priority: 1 },
    { name: 'NIC', path: '.spec.primaryNicRef.resource', priority: 1 },
    { name: 'Boot volume', path: '.spec.bootVolume.deviceRef.resource', priority: 1 },
  ],
  selectable: ['.spec.zone', '.status.powerState'],
  spec: z.object({
    skuRef: immutable(ref('InstanceSku', { mustExist: ['InstanceSku'] }), 'skuRef').describe('InstanceSku of the machine; fixed.'),
    zone: immutable(zone(), 'zone').describe('Zone of the region; fixed. "" = its first zone, in manifests only.'),
    bootVolume: Volume.describe('Volume that the machine boots from.'),
    dataVolumes: z.array(Volume).max(64).optional().describe('Further volumes.'),
    primaryNicRef: nic().optional().describe('First network interface.'),
    additionalNicRefs: z.array(nic()).max(16).optional().describe('Further network interfaces.'),
    securityGroupRef: ref('SecurityGroup').optional().describe('Security group of all interfaces that have none.'),
    antiAffinityGroup: z.string().max(64).optional().describe('Machines that name the same group run on different hosts.'),
    sshKeys: z.array(z.string().min(1).max(4096)).max(32).optional().describe('Public SSH keys for the first user.'),
    userData: z.string().max(65_536).optional().describe('Handed to the initializer of the image at first boot.'),
  }),
  kubeSpec: z.object({
    powerState: z.enum(['on', 'off']).optional().describe('Power that is wanted; absent = off. SECA clients use start and stop.'),
  }),
  status: z.object({
    powerState: z.enum(['on', 'off']).optional().describe('Power now.'),
    powerStateSince: z.string().meta({ format: 'date-time' }).optional().describe('When the power last changed.'),
  }),
  initialStatus: { powerState: () => 'off' },
  rules: [plainName],
  guards: [{ rule: 'zone', field: 'zone', needsValue: true }],
  actions: ['start', 'stop', 'restart'],
})
