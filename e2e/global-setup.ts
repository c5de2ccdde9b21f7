import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { findAssets } from '../src/embedded/assets.ts'
import { startControlPlane } from '../src/embedded/control-plane.ts'
import { createProgress, during } from '../src/embedded/progress.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of an administrator's kubeconfig of the run's control plane. */
    readonly kubeconfig: string
    /** Folder with kubectl, etcd, kube-apiserver, kube-controller-manager. */
    readonly assets: string
  }
}

/** One control plane for all e2e files of a run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const progress = createProgress()
  const assets = await findAssets({ progress })
  const dataDir = mkdtempSync(join(tmpdir(), 'seca-e2e-'))
  const log = (line: string) => progress.line(line)
  const controlPlane = await during(progress, 'starting the control plane of the e2e tests', () =>
    startControlPlane({ dataDir, assets, controllerManager: true, log, unsafeNoFsync: true }),
  )
  project.provide('kubeconfig', controlPlane.kubeconfig)
  project.provide('assets', assets)
  return async () => {
    await controlPlane.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
