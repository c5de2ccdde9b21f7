import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { writeAccountKubeconfig } from '../../src/embedded/account.ts'
import { API_SERVICE_ACCOUNT } from '../../src/processes/install.ts'
import { type Api, call, startApi } from '../support/api.ts'
import { adminClient, applyManifests, eventually, kubectl, makeTenant, OPERATOR_NAMESPACE, uniqueTenant } from '../support/harness.ts'
import { startTcpProxy } from '../support/proxy.ts'

const BOUND_MS = 15_000

describe('when kube-apiserver does not reach us', () => {
  const folder = mkdtempSync(join(tmpdir(), 'seca-current-'))
  const tenant = uniqueTenant('current')
  let proxy: Awaited<ReturnType<typeof startTcpProxy>>
  let api: Api
  let namespace: string
  let token: string

  beforeAll(async () => {
    const admin = readFileSync(inject('kubeconfig'), 'utf8')
    const port = /server: https:\/\/127\.0\.0\.1:(\d+)/.exec(admin)?.[1]
    proxy = await startTcpProxy(Number(port))
    const [proxied, target] = [join(folder, 'admin'), join(folder, 'kubeconfig')]
    writeFileSync(proxied, admin.replace(`127.0.0.1:${port}`, `127.0.0.1:${proxy.port}`))
    const client = adminClient()
    await writeAccountKubeconfig({
      client,
      operatorNamespace: OPERATOR_NAMESPACE,
      admin: proxied,
      target,
      serviceAccount: API_SERVICE_ACCOUNT,
    })
    await client.close()
    api = await startApi({ flags: [`--kubeconfig=${target}`, `--data-max-age=${BOUND_MS / 1_000}s`] })
    namespace = (await makeTenant(api.client, tenant, 'prod')).namespace
    token = await api.token('alice')
  })
  afterAll(async () => {
    await api.stop()
    await proxy.close()
    rmSync(folder, { recursive: true })
  })

  const assign = () =>
    applyManifests([
      {
        apiVersion: 'authorization.secapi.cloud/v1',
        kind: 'RoleAssignment',
        metadata: { name: 'alice', namespace },
        spec: { subs: ['alice'], roles: ['seca.admin'], scopes: [{}] },
      },
    ])
  const status = async () => (await call(`${api.url}/providers/seca.compute/v1/tenants/${tenant}/skus`, { token })).status
  const health = async (path: string) => (await fetch(`${api.healthUrl}${path}`)).status
  const requests = async () => {
    const text = await (await fetch(`${api.healthUrl}/metrics`)).text()
    return [...text.matchAll(/^seca_kube_requests_total\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
  }

  it('idle, it stays ready with few requests', { timeout: 60_000 }, async () => {
    await assign()
    await eventually(async () => (await status()) === 200)
    const before = await requests()
    const seen = new Set<string>()
    for (const end = performance.now() + 12_000; performance.now() < end; await sleep(250))
      seen.add(`${await health('/readyz')} ${await status()}`)
    expect([...seen]).toEqual(['200 200'])
    // Two for each of three kinds every five seconds: the shortest bound that there is.
    expect((await requests()) - before).toBeLessThan(30)
  })

  it('watches that carry nothing any more are found, and what they missed counts within the bound', { timeout: 240_000 }, async () => {
    proxy.silence()
    await kubectl(['delete', 'roleassignments', 'alice', '-n', namespace])
    const cut = performance.now()
    let last = 0
    for (; performance.now() - cut < BOUND_MS + 3_000; await sleep(100)) if ((await status()) === 200) last = performance.now() - cut
    expect(last).toBeLessThan(BOUND_MS + 2_000)
    await eventually(async () => (await status()) === 403, { timeoutMs: 90_000 })
    await assign()
    await eventually(async () => (await status()) === 200, { timeoutMs: 90_000 })
    await eventually(async () => (await health('/readyz')) === 200, { timeoutMs: 90_000 })
  })

  it('cut off, it is first not ready, then refuses with 503, and comes back by itself', { timeout: 240_000 }, async () => {
    proxy.freeze(true)
    await kubectl(['delete', 'roleassignments', 'alice', '-n', namespace])
    const cut = performance.now()
    const [first, lives] = [new Map<string, number>(), new Set<number>()]
    let lastAllowed = 0
    for (; performance.now() - cut < BOUND_MS + 5_000; await sleep(100)) {
      const [ready, answer] = [await health('/readyz'), await status()]
      lives.add(await health('/livez'))
      const at = performance.now() - cut
      if (answer === 200) lastAllowed = at
      for (const event of [`ready ${ready}`, `answer ${answer}`]) if (!first.has(event)) first.set(event, at)
    }
    expect([...first.keys()].toSorted()).toEqual(['answer 200', 'answer 503', 'ready 200', 'ready 503'])
    expect(first.get('ready 503')).toBeLessThan(first.get('answer 503') ?? 0)
    expect(lastAllowed).toBeLessThan(BOUND_MS + 2_000)
    expect([...lives]).toEqual([200])

    proxy.freeze(false)
    const seen = new Set<number>()
    await eventually(
      async () => {
        const answer = await status()
        seen.add(answer)
        return answer === 403
      },
      { timeoutMs: 90_000 },
    )
    expect(seen).not.toContain(200)
  })
})
