import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type ControlPlane, startControlPlane } from '../../src/embedded/cluster/control-plane.ts'
import { commandLine } from '../../src/embedded/process/leftovers.ts'

describe('embedded control plane', () => {
  const assets = inject('assets')
  let dataDir: string
  let running: ControlPlane | undefined
  const lines: string[] = []
  const start = async (controllerManager = false) => {
    running = await startControlPlane({ dataDir, assets, controllerManager, log: (line) => lines.push(line), unsafeNoFsync: true })
    return running
  }
  const kubectl = (...args: string[]) =>
    execFileSync(join(assets, 'kubectl'), ['--kubeconfig', join(dataDir, 'kubeconfig'), ...args], { encoding: 'utf8' })

  beforeAll(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'seca-control-plane-'))
  })
  afterAll(async () => {
    await running?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  it('serves, stops every process, and a second start continues on the same ports', async () => {
    const first = await start(true)
    expect(Object.keys(first.pids)).toEqual(['etcd', 'kube-apiserver', 'kube-controller-manager'])
    kubectl('create', 'configmap', 'kept', '--from-literal=a=b')
    await first.stop()
    for (const pid of Object.values(first.pids)) expect(commandLine(pid)).toBe('')

    const second = await start()
    expect(second.ports).toEqual(first.ports)
    expect(kubectl('get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}')).toBe('b')
    await second.stop()
  })

  it('cleans up after a run that was killed', async () => {
    const killed = await start()
    // Nobody stops the first: as after a SIGKILL of its parent.
    const next = await start()
    expect(lines.filter((line) => line.includes('left over'))).toHaveLength(2)
    expect(commandLine(killed.pids['etcd']!)).not.toContain(dataDir)
    expect(next.ports).toEqual(killed.ports)
    await next.stop()
  })

  it('tells when a process dies', async () => {
    const plane = await start()
    process.kill(plane.pids['etcd']!, 'SIGKILL')
    const error = await plane.failed
    expect(error.message).toMatch(/^etcd ended \(killed by SIGKILL\)/)
    expect(error.message).toContain(join(dataDir, 'logs', 'etcd.log'))
    await plane.stop()
    expect(JSON.parse(readFileSync(join(dataDir, 'pids.json'), 'utf8'))).toEqual({})
  })
})
