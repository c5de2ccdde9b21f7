import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { type Child, startChild } from '../../src/embedded/process/child.ts'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { controllersService } from '../../src/embedded/services.ts'
import { OPERATOR_NAMESPACE, REGION } from '../support/names.ts'
import { type Crossing, Gate, type Verdict } from './gate.ts'

/** A process of controllers behind a gate of its own. */
export interface Slot {
  readonly gate: Gate
  readonly start: () => Promise<Child>
  /** Absent before the first start. */
  child?: Child
  /** When it last wrote, and last asked for, the Lease. */
  ledAt: number
  askedAt: number
}

interface SlotOptions {
  /** Where its kubeconfig and its log are. */
  readonly folder: string
  readonly kubeconfig: string
  readonly flags: readonly string[]
  /** Every request to the cluster, and every answer. */
  readonly pass: (crossing: Crossing, moment: 'before' | 'after') => Promise<Verdict>
}

/** Opens the gate; the process is not started. */
export async function openSlot(name: string, { folder, kubeconfig: original, flags, pass }: SlotOptions): Promise<Slot> {
  const { cluster, ca } = server(original)
  const times = { ledAt: 0, askedAt: 0 }
  const gate = await Gate.open({
    target: cluster,
    ca,
    onRequest: (crossing) => pass(crossing, 'before'),
    onAnswer: async (crossing, status) => {
      if (crossing.path.includes('/leases/')) {
        slot.askedAt = performance.now()
        if (crossing.method !== 'GET' && status < 300) slot.ledAt = performance.now()
      }
      return pass(crossing, 'after')
    },
  })
  const kubeconfig = join(folder, `${name}.kubeconfig`)
  writeFileSync(kubeconfig, through(original, gate.url), { mode: 0o600 })
  const slot: Slot = {
    ...times,
    gate,
    async start() {
      slot.askedAt = 0
      const { port: healthPort } = await freePorts(['port'], {})
      const logFile = join(folder, `${name}.log`)
      const place = { operatorNamespace: OPERATOR_NAMESPACE, region: REGION }
      return startChild(controllersService({ ...place, kubeconfig, healthPort, logFile, logLevel: 'info', flags }).child)
    },
  }
  return slot
}

interface Kubeconfig {
  readonly clusters: { cluster: Record<string, string> }[]
}

/** Address and CA of a kubeconfig with one cluster. */
function server(path: string): { cluster: string; ca: Buffer } {
  const { cluster } = (parse(readFileSync(path, 'utf8')) as Kubeconfig).clusters[0]!
  const data = cluster['certificate-authority-data']
  const ca = data === undefined ? readFileSync(cluster['certificate-authority']!) : Buffer.from(data, 'base64')
  return { cluster: cluster['server']!, ca }
}

/** The same kubeconfig with a gate in the server's place. */
function through(path: string, url: string): string {
  const config = parse(readFileSync(path, 'utf8')) as Kubeconfig
  config.clusters[0]!.cluster = { server: url }
  return stringify(config)
}
