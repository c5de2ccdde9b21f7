import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'
import { findMore } from '../../src/embedded/cluster/more.ts'
import { lackingForNode } from '../../src/embedded/cluster/node/lacking.ts'
import { type Node, startNode } from '../../src/embedded/cluster/node/node.ts'
import { kubectl, type KubectlOptions } from './harness.ts'

/** Why tests with real pods are skipped on this machine; undefined when they are not. */
export const lacking = await lackingForNode()

/** A cluster of one node, with real pods, of a test file's own. */
export interface TestNode extends Node {
  readonly dataDir: string
  kubectl(args: readonly string[], options?: Pick<KubectlOptions, 'input'>): Promise<string>
  /** Stops it, as when the machine is shut down, and starts it again on its data; resolves when it is ready. */
  restart(): Promise<void>
  /** Stops it, and removes its data; once is enough. */
  remove(): Promise<void>
}

export async function startTestNode(): Promise<TestNode> {
  const programs = await findMore('node', { progress: createProgress() })
  const dataDir = mkdtempSync(join(tmpdir(), `seca-e2e-${process.pid}-`))
  const start = () => startNode({ dataDir, assets: inject('assets'), programs, log: () => undefined, unsafeNoFsync: true })
  let node = await start()
  let isThere = true
  const { kubeconfig, url, hostAddress } = node
  return {
    kubeconfig,
    url,
    hostAddress,
    get pids() {
      return node.pids
    },
    get failed() {
      return node.failed
    },
    get services() {
      return node.services
    },
    dataDir,
    ctr: (...args) => node.ctr(...args),
    importImage: (archive) => node.importImage(archive),
    run: (command, ...args) => node.run(command, ...args),
    stop: () => node.stop(),
    kubectl: (args, options = {}) => kubectl(args, { ...options, kubeconfig }),
    async restart() {
      await node.stop()
      node = await start()
    },
    async remove() {
      if (!isThere) return
      isThere = false
      await node.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
