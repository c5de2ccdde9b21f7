import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { Cache } from '../cache/cache.ts'
import { KINDS } from '../kinds/index.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import { KubeClient } from '../kube/client.ts'
import type { KubeObject } from '../kube/gvr.ts'
import { MemoryServer } from '../kube/memory-testing.ts'
import { silentLog } from '../kube/testing.ts'
import type { Transport } from '../kube/transport.ts'
import { createMetrics } from '../observe/metrics.ts'
import { feed } from '../reconcile/feed-testing.ts'
import { doDuties, type DutiesConfig } from './duties.ts'

const OWNER = 'v1.seca.region'
const NAMESPACE = 'seca-system'

let server: MemoryServer
let cache: Cache
let file: string
let leads: boolean
let metrics: ReturnType<typeof createMetrics>
let now: number
beforeEach(() => {
  server = new MemoryServer({ isPrompt: true })
  cache = new Cache(KINDS, 'eu-1')
  feed(server, cache)
  file = join(mkdtempSync(join(tmpdir(), 'seca-declared-')), 'declared.yaml')
  leads = true
  metrics = createMetrics()
  now = Date.UTC(2026, 10, 26)
})

const BASE: DutiesConfig = {
  operatorNamespace: NAMESPACE,
  declaredPrune: false,
  tlsManaged: false,
  tlsServices: ['seca-api'],
  tlsHosts: [],
}

/** One look. */
async function look(config: Partial<DutiesConfig>): Promise<void> {
  const stop = new AbortController()
  const clock = { now: () => 0, sleep: () => Promise.resolve(stop.abort()) }
  const client = new KubeClient(server.transport as Transport)
  const options = { config: { ...BASE, ...config }, client, cache, log: silentLog, metrics, mayAct: () => leads, clock, now: () => now }
  await doDuties(options, stop.signal)
}
const written = async (config: Partial<DutiesConfig>): Promise<string[]> => {
  const before = server.writes.length
  await look(config)
  return server.writes.slice(before)
}
const gauge = async (state: string) => (await metrics.declared.get()).values.find(({ labels }) => labels.state === state)?.value

describe('declared objects', () => {
  const REGION = `apiVersion: region.secapi.cloud/v1
kind: Region
metadata: { name: eu-1 }
spec: { availableZones: [a, b], cloudProvider: cloud }
`
  const TENANT = `apiVersion: v1
kind: Namespace
metadata: { name: seca-acme, labels: { secapi.cloud/tenant: acme } }
`
  const config = () => ({ declaredFile: file })
  const region = () => server.read<KubeObject & { spec: { availableZones: string[] } }>(gvrOf('Region'), undefined, 'eu-1')
  const gvrOf = (kind: string) => KINDS.find((one) => one.kind === kind)!.gvr

  test('are made, what others need first, and then nothing is written any more', async () => {
    writeFileSync(file, `${REGION}---\n${TENANT}`)
    expect(await written(config())).toEqual(['apply namespaces seca-acme', 'apply regions eu-1'])
    expect(await written(config())).toEqual([])
    expect(await gauge('applied')).toBe(2)
  })

  test('come back when somebody changes them, and what others add stays', async () => {
    writeFileSync(file, REGION)
    await look(config())
    server.change('Region', undefined, 'eu-1', { metadata: { labels: { theirs: 'yes' } } })
    expect(await written(config())).toEqual([])
    server.change('Region', undefined, 'eu-1', { spec: { availableZones: ['a'] } })
    expect(await written(config())).toEqual(['apply regions eu-1'])
    expect(region()?.spec.availableZones).toEqual(['a', 'b'])
    expect(region()?.metadata.labels).toMatchObject({ theirs: 'yes' })
  })

  test('a field that is taken out of the file goes', async () => {
    writeFileSync(file, REGION.replace('name: eu-1', 'name: eu-1, labels: { tier: gold }'))
    await look(config())
    writeFileSync(file, REGION)
    await look(config())
    expect(region()?.metadata.labels?.['tier']).toBeUndefined()
  })

  test('what is not declared any more is left and counted, and deleted only where that is asked for', async () => {
    writeFileSync(file, `${REGION}---\n${TENANT}`)
    await look(config())
    writeFileSync(file, TENANT)
    expect(await written(config())).toEqual([])
    expect(await gauge('left')).toBe(1)
    expect(await written({ ...config(), declaredPrune: true })).toEqual(['delete regions eu-1'])
    expect(await gauge('left')).toBe(0)
  })

  test('a file that is gone, empty or wrong deletes and changes nothing', async () => {
    writeFileSync(file, `${REGION}---\n${TENANT}`)
    await look(config())
    for (const text of [
      '',
      '# nothing',
      'kind: [',
      TENANT.replace('secapi.cloud/tenant', 'other'),
      `${REGION}---\nkind: Secret\napiVersion: v1\nmetadata: { name: a, namespace: b }`,
    ]) {
      writeFileSync(file, text)
      expect(await written({ ...config(), declaredPrune: true })).toEqual([])
    }
    rmSync(file)
    expect(await written({ ...config(), declaredPrune: true })).toEqual([])
  })

  test('one that is refused does not hold up the others', async () => {
    server.beforeWrite = (write) => {
      if (write.includes('namespaces')) throw new Error('no')
    }
    writeFileSync(file, `${REGION}---\n${TENANT}`)
    await look(config())
    expect(region()).toBeDefined()
    expect([await gauge('applied'), await gauge('refused')]).toEqual([1, 1])
  })
})

describe('the certificate', () => {
  const config = { tlsSecret: 'seca-api-tls', tlsManaged: true }
  const secret = (name: string) => server.read<{ data: Record<string, string> }>(KUBERNETES.Secret, NAMESPACE, name)

  test('is made with its CA, whose key is in a Secret of its own, and then left alone until it is due', async () => {
    expect(await written(config)).toEqual([`create secrets ${NAMESPACE}/seca-api-tls-ca`, `create secrets ${NAMESPACE}/seca-api-tls`])
    expect(Object.keys(secret('seca-api-tls')?.data ?? {}).toSorted()).toEqual(['ca.crt', 'peer.key', 'tls.crt', 'tls.key'])
    expect(await written(config)).toEqual([])
    now += 61 * 24 * 3_600_000
    expect(await written(config)).toEqual([`patch secrets ${NAMESPACE}/seca-api-tls`])
    expect((await metrics.certificateEnd.get()).values[0]?.value).toBeGreaterThan(now / 1_000)
  })

  test('is made anew when it is deleted, by the same CA', async () => {
    await look(config)
    const before = secret('seca-api-tls-ca')
    await new KubeClient(server.transport as Transport).delete(KUBERNETES.Secret, NAMESPACE, 'seca-api-tls')
    expect(await written(config)).toEqual([`create secrets ${NAMESPACE}/seca-api-tls`])
    expect(secret('seca-api-tls-ca')).toEqual(before)
  })

  test('of somebody else is never written', async () => {
    expect(await written({ tlsSecret: 'theirs' })).toEqual([])
  })
})

describe('APIServices', () => {
  const config = {
    tlsSecret: 'seca-api-tls',
    tlsManaged: true,
    aggregationService: { name: 'seca-api', port: 443 },
    aggregationOwner: OWNER,
  }
  const install = () =>
    server.add({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: OWNER },
      spec: { group: 'seca.region', version: 'v1', service: { name: 'seca-api', namespace: NAMESPACE, port: 443 } },
    } as never)
  const serve = (ready: boolean) =>
    server.add({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'seca-api-1', namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': 'seca-api' } },
      endpoints: [{ conditions: { ready } }],
    } as never)
  const region = (name: string) =>
    server.add({ apiVersion: 'region.secapi.cloud/v1', kind: 'Region', metadata: { name }, spec: {} } as never)
  const one = (name: string) =>
    server.read<{ spec: { caBundle?: string }; metadata: { ownerReferences?: object[] } }>(KUBERNETES.APIService, undefined, name)

  test('follow the regions, are owned, and know the CA', async () => {
    install()
    serve(true)
    region('it-1')
    const first = await written(config)
    expect(first).toContain('apply apiservices v1.it-1.seca.compute')
    expect(one('v1.it-1.seca.compute')?.metadata.ownerReferences).toMatchObject([{ kind: 'APIService', name: OWNER }])
    expect(one(OWNER)?.spec.caBundle).toBe(one('v1.it-1.seca.compute')?.spec.caBundle)
    expect(one(OWNER)?.metadata.ownerReferences).toBeUndefined()
    expect(await written(config)).toEqual([])
    region('it-2')
    expect((await written(config)).every((write) => write.includes('it-2.'))).toBe(true)
    await new KubeClient(server.transport as Transport).delete(KINDS.find(({ kind }) => kind === 'Region')!.gvr, undefined, 'it-1')
    expect((await written(config)).every((write) => write.startsWith('delete apiservices v1.it-1.'))).toBe(true)
  })

  test('are none before the API serves, nor when the chart is taken out', async () => {
    install()
    serve(false)
    region('it-1')
    expect((await written(config)).filter((write) => write.includes('apiservices'))).toEqual([])
    server = new MemoryServer({ isPrompt: true })
    feed(server, cache)
    serve(true)
    expect((await written(config)).filter((write) => write.includes('apiservices'))).toEqual([])
  })

  test('learn of a new CA', async () => {
    install()
    serve(true)
    await look(config)
    const before = one(OWNER)?.spec.caBundle
    now += 7 * 365 * 24 * 3_600_000
    expect((await written(config)).filter((write) => write.includes('apiservices')).length).toBeGreaterThan(3)
    expect(one(OWNER)?.spec.caBundle).not.toBe(before)
  })
})

test('who does not lead any more writes nothing', async () => {
  leads = false
  writeFileSync(file, 'kind: [')
  expect(await written({ declaredFile: file, tlsSecret: 'a', tlsManaged: true })).toEqual([])
})
