import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, expect, inject, onTestFinished, test } from 'vitest'
import { Cache } from '../../src/cache/cache.ts'
import { Informers } from '../../src/cache/informers.ts'
import { type ControlPlane, startControlPlane } from '../../src/embedded/cluster/control-plane.ts'
import { Region, Role } from '../../src/kinds/index.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { connect } from '../../src/kube/config.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { installCluster } from '../../src/processes/install.ts'
import { eventually, OPERATOR_NAMESPACE } from '../support/harness.ts'

/** The global set-up sweeps up folders of this name that a killed run leaves behind. */
const dataDir = mkdtempSync(join(tmpdir(), `seca-e2e-${process.pid}-`))
const log = pino({ level: 'silent' })
let plane: ControlPlane | undefined

async function start(): Promise<KubeClient> {
  plane = await startControlPlane({
    dataDir,
    assets: inject('assets'),
    controllerManager: false,
    log: () => undefined,
    unsafeNoFsync: true,
  })
  return connect({ kubeconfig: plane.kubeconfig, userAgent: 'seca-operator/e2e' })
}
async function kill(): Promise<void> {
  for (const pid of Object.values(plane?.pids ?? {})) process.kill(pid, 'SIGKILL')
  await plane?.failed
  await plane?.stop()
}
afterAll(async () => {
  await kill().catch(() => undefined)
  rmSync(dataDir, { recursive: true, force: true })
})

const make = (client: KubeClient, name: string) => {
  const { apiVersion, kind, gvr } = Region
  return client.create(gvr, undefined, { apiVersion, kind, metadata: { name }, spec: { availableZones: ['a'], cloudProvider: 'none' } })
}

test('etcd is restored from a backup while informers run: they find out, forget what never was, and hear again', async () => {
  let client = await start()
  await installCluster(client, OPERATOR_NAMESPACE)
  await make(client, 'before')
  await make(client, 'deleted-since')
  await client.close()
  await kill()
  cpSync(join(dataDir, 'etcd'), join(dataDir, 'backup'), { recursive: true })

  client = await start()
  const cache = new Cache([Region, Role], 'eu-1')
  const informers = new Informers({ client, cache, log, metrics: createMetrics() })
  const stop = new AbortController()
  const done = informers.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await done
    await client.close()
  })
  await informers.whenSynced(stop.signal)
  await client.delete(Region.gvr, undefined, 'deleted-since')
  for (let i = 0; i < 50; i++) await make(client, `lost-${i}`)
  await eventually(() => cache.store('Region').size === 51)
  const deleted: string[] = []
  cache.store('Region').onChange(({ type, object }) => type === 'deleted' && deleted.push(object.metadata.name))

  await kill()
  rmSync(join(dataDir, 'etcd'), { recursive: true })
  cpSync(join(dataDir, 'backup'), join(dataDir, 'etcd'), { recursive: true })
  const again = await start()
  onTestFinished(() => again.close())
  await make(again, 'after')
  await eventually(() => cache.store('Region').size === 3, { timeoutMs: 30_000 })
  const names = () => [...cache.all('Region')].map(({ metadata }) => metadata.name).toSorted()
  expect(names()).toEqual(['after', 'before', 'deleted-since'])
  expect(deleted).toHaveLength(50)
  // Not deaf: what comes now is heard at once, although the old history was longer.
  await make(again, 'later')
  await eventually(() => names().includes('later'), { timeoutMs: 5_000 })
  expect(informers.trouble()).toBeUndefined()
})
