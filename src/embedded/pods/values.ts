import { stringify } from 'yaml'
import type { StartConfig } from '../../cli/config.ts'
import { AUDIENCE, ISSUER } from '../issuer.ts'

/** Namespace, PersistentVolumeClaim and volume of the simulated cloud's state. */
const STATE = 'seca-simulator'
/** No provisioner has it: a claim of this class waits for the volume that is made for it. */
const STORAGE_CLASS = 'seca-node'

interface Facts {
  readonly config: Pick<StartConfig, 'region' | 'latencyMs' | 'cloud' | 'validationStatus' | 'logLevel'>
  readonly namespace: string
  /** Of the image that the node has. */
  readonly tag: string
  /** Whose administrator the subject of that name is. */
  readonly tenant: string
  /** PEM of the embedded issuer. */
  readonly keys: string
  /** Fixed addresses of Services: nobody resolves names on the node. */
  readonly addresses: Readonly<Record<'api' | 'simulator', string>>
  /** Folder of this machine for what the simulated cloud remembers. */
  readonly stateDir: string
}

/** Values of the chart that make of a node what `npm start` is without one: a simulated cloud, a region on it, a tenant and who administers it. YAML. */
export function trialValues({ config, namespace, tag, tenant, keys, addresses, stateDir }: Facts): string {
  const volume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: STATE },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      // Whoever uninstalls the chart and installs it again has the same cloud.
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: STORAGE_CLASS,
      claimRef: { namespace, name: STATE },
      hostPath: { path: stateDir, type: 'Directory' },
    },
  }
  const { logLevel, validationStatus } = config
  return stringify({
    image: { tag, pullPolicy: 'Never' },
    region: config.region,
    controllers: { logLevel },
    api: {
      logLevel,
      // No load balancer has to be told.
      drain: '3s',
      args: [`--validation-status=${validationStatus}`],
      service: { clusterIP: addresses.api },
    },
    certificates: { hosts: [addresses.api] },
    tokens: { issuer: ISSUER, audience: AUDIENCE, keys },
    declared: { tenants: { [tenant]: { administrators: [tenant] } } },
    simulator: {
      enabled: true,
      latency: `${config.latencyMs}ms`,
      characters: config.cloud,
      clusterIP: addresses.simulator,
      persistence: { enabled: true, storageClass: STORAGE_CLASS },
    },
    extraManifests: [volume],
  })
}

/** An address of the Services that is given only to who asks for it (the first 256): `10.192.0.0/16`, 77 → `10.192.0.77`. */
export function serviceAddress(cidr: string, last: number): string {
  return cidr.replace(/\.\d+\/\d+$/, `.${last}`)
}
