import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { findAssets } from '../../src/embedded/cluster/assets.ts'
import { startControlPlane } from '../../src/embedded/cluster/control-plane.ts'
import { cgroupOf, removeCgroup } from '../../src/embedded/cluster/node/cgroup.ts'
import { installCluster } from '../../src/processes/install.ts'
import { commandLine, stopLeftovers } from '../../src/embedded/process/leftovers.ts'
import { createProgress, during } from '../../src/cli/progress.ts'
import { connect } from '../../src/kube/config.ts'
import { OPERATOR_NAMESPACE } from './names.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of an administrator's kubeconfig of the run's control plane. */
    readonly kubeconfig: string
    /** Folder with kubectl, etcd, kube-apiserver, kube-controller-manager. */
    readonly assets: string
  }
}

const PREFIX = 'seca-e2e-'

/** One control plane for all e2e files of a run, with CRDs, rights and policy installed. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const progress = createProgress()
  const log = (line: string) => progress.line(line)
  await sweep(log)
  const assets = await findAssets({ progress })
  const dataDir = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const controlPlane = await during(progress, 'starting the control plane of the e2e tests', () =>
    startControlPlane({ dataDir, assets, controllerManager: true, log, unsafeNoFsync: true }),
  )
  const teardown = async () => {
    await controlPlane.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  const client = connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'seca-operator/e2e' })
  try {
    await during(progress, 'installing resource kinds, roles and policy', () => installCluster(client, OPERATOR_NAMESPACE))
  } catch (error) {
    await teardown()
    throw error
  } finally {
    await client.close()
  }
  project.provide('kubeconfig', controlPlane.kubeconfig)
  project.provide('assets', assets)
  return teardown
}

/** Removes what runs left behind that were killed. */
async function sweep(log: (line: string) => void): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const pid = Number(name.slice(PREFIX.length).split('-')[0])
    if (commandLine(pid).includes('vitest')) continue
    const folder = join(tmpdir(), name)
    // Another part of the run may be sweeping the same folder at this moment.
    await stopLeftovers(folder, log).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    if (process.platform === 'linux') await removeCgroup(cgroupOf(folder))
    rmSync(folder, { recursive: true, force: true })
  }
}
