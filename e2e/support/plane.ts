import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { type Child, startChild } from '../../src/embedded/process/child.ts'
import { startControlPlane } from '../../src/embedded/cluster/control-plane.ts'
import { apiserverFlags } from '../../src/embedded/cluster/flags.ts'
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
  /** Variables by which etcdctl finds and enters its etcd. */
  readonly etcd: Readonly<Record<string, string>>
  /** Ends all of it, has `restore` make another data folder for etcd, and starts everything on that one. */
  restoreEtcd(restore: () => Promise<string>): Promise<void>
  stop(): Promise<void>
}

/** Starts one; `isBare`: nothing is installed in it; `apiserver`: further flags of kube-apiserver. */
export async function startPlane(options: { readonly isBare?: true; readonly apiserver?: readonly string[] } = {}): Promise<Plane> {
  const { apiserver: flags = [] } = options
  // The global set-up sweeps up folders of this name that a killed run leaves behind.
  const dataDir = mkdtempSync(join(tmpdir(), `seca-e2e-${process.pid}-`))
  const assets = inject('assets')
  const start = () =>
    startControlPlane({ dataDir, assets, controllerManager: true, log: () => undefined, unsafeNoFsync: true, apiserver: flags })
  let controlPlane = await start()
  const { kubeconfig, ports } = controlPlane
  const pki = ensurePki(join(dataDir, 'pki'))
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
      const context = { dataDir, pki, ports, kubeconfig: join(dataDir, 'controller-manager.kubeconfig') }
      const args = [...apiserverFlags(context), ...flags]
      const options = { name: 'kube-apiserver', command: join(assets, 'kube-apiserver'), args, graceMs: 10_000 }
      apiserver = await startChild({ ...options, logFile: join(dataDir, 'logs', 'kube-apiserver-again.log') })
      await eventually(async () => (await client.raw('GET', '/api/v1/namespaces/default')) !== undefined, { timeoutMs: 120_000 })
    },
    etcd: {
      ETCDCTL_ENDPOINTS: `https://127.0.0.1:${ports.etcd}`,
      ETCDCTL_CACERT: pki.path('etcd-ca.crt'),
      ETCDCTL_CERT: pki.path('etcd-client.crt'),
      ETCDCTL_KEY: pki.path('etcd-client.key'),
    },
    async restoreEtcd(restore) {
      await plane.killApiserver()
      await controlPlane.stop()
      const restored = await restore()
      const folder = join(dataDir, 'etcd')
      rmSync(folder, { recursive: true })
      renameSync(restored, folder)
      controlPlane = await start()
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
    if (options.isBare !== true) await plane.install()
  } catch (error) {
    await plane.stop()
    throw error
  }
  return plane
}
