import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { type Child, startChild } from '../../src/embedded/process/child.ts'
import { startControlPlane } from '../../src/embedded/cluster/control-plane.ts'
import { apiserverFlags, type Ports } from '../../src/embedded/cluster/flags.ts'
import { installCluster } from '../../src/processes/install.ts'
import { ensurePki } from '../../src/embedded/cluster/pki.ts'
import { connect } from '../../src/kube/config.ts'
import { eventually, OPERATOR_NAMESPACE } from './harness.ts'

/** A control plane of a test's own, for what would disturb others: an outage, kinds that are uninstalled. */
export interface Plane {
  /** An administrator's kubeconfig. */
  readonly kubeconfig: string
  /** Applies kinds, rights and policy, as an installation does. */
  install(): Promise<void>
  /** Ends kube-apiserver at once. */
  killApiserver(): Promise<void>
  /** Starts kube-apiserver again; resolves when it serves. */
  startApiserver(): Promise<void>
  stop(): Promise<void>
}

/** Starts one; `apiserver`: further flags of kube-apiserver. */
export async function startPlane({ apiserver: flags = [] }: { readonly apiserver?: readonly string[] } = {}): Promise<Plane> {
  // The global set-up sweeps up folders of this name that a killed run leaves behind.
  const dataDir = mkdtempSync(join(tmpdir(), `seca-e2e-${process.pid}-`))
  const assets = inject('assets')
  const controlPlane = await startControlPlane({
    dataDir,
    assets,
    controllerManager: true,
    log: () => undefined,
    unsafeNoFsync: true,
    apiserver: flags,
  })
  const { kubeconfig } = controlPlane
  const client = connect({ kubeconfig, userAgent: 'seca-operator/e2e' })
  let apiserver: Child | undefined
  const plane: Plane = {
    kubeconfig,
    install: () => installCluster(client, OPERATOR_NAMESPACE),
    async killApiserver() {
      if (apiserver === undefined) process.kill(controlPlane.pids['kube-apiserver']!, 'SIGKILL')
      else apiserver.kill('SIGKILL')
      await (apiserver?.ended ?? controlPlane.failed)
    },
    async startApiserver() {
      const ports = JSON.parse(readFileSync(join(dataDir, 'ports.json'), 'utf8')) as Ports
      const context = { dataDir, pki: ensurePki(join(dataDir, 'pki')), ports, kubeconfig: join(dataDir, 'controller-manager.kubeconfig') }
      const options = {
        name: 'kube-apiserver',
        command: join(assets, 'kube-apiserver'),
        args: [...apiserverFlags(context), ...flags],
        graceMs: 10_000,
      }
      apiserver = await startChild({ ...options, logFile: join(dataDir, 'logs', 'kube-apiserver-again.log') })
      await eventually(async () => (await client.raw('GET', '/api/v1/namespaces/default')) !== undefined, { timeoutMs: 120_000 })
    },
    async stop() {
      await client.close()
      // Nobody has anything to lose any more: no need to wait for its open watches.
      await plane.killApiserver()
      await controlPlane.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
  try {
    await plane.install()
  } catch (error) {
    await plane.stop()
    throw error
  }
  return plane
}
