import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { KINDS } from '../../src/kinds/index.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { applyObject } from '../../src/processes/install.ts'
import { eventually, OPERATOR_NAMESPACE, type Stack, startStack } from '../support/harness.ts'
import { inventoryOf, mutationsOf, wipe } from '../support/audit.ts'
import { kstatus } from '../support/kstatus.ts'
import { everything } from '../support/manifest.ts'
import { conditionOf, type Seen, Tenant } from '../support/tenant.ts'
import { isSimulated } from '../support/names.ts'

/** What takes its minute: credentials are read again once a minute, and meanwhile others are idle. */
vi.setConfig({ maxConcurrency: 20, testTimeout: 300_000 })

/** A minute, its jitter, and a slow machine. */
const READ_AGAIN_MS = 150_000

let stack: Stack
let goodToken = ''
let endpoint: unknown
beforeAll(async () => {
  stack = await startStack({ flags: ['--drift-interval=5s'] })
  const secret = await stack.client.get<{ data: { token: string } }>(KUBERNETES.Secret, OPERATOR_NAMESPACE, 'simulator-credentials')
  goodToken = Buffer.from(secret.data.token, 'base64').toString()
  endpoint = (await new Tenant(stack).get('CloudProvider', 'simulator')).spec['settings']
})
afterAll(async () => {
  await wipe(stack).finally(() => stack.stop())
})

const putSecret = (name: string, stringData: Record<string, string>) =>
  applyObject(stack.client, KUBERNETES.Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: OPERATOR_NAMESPACE },
    stringData,
  })

/** A tenant whose workspace is in a region with an account of its own. */
async function ownCloud(secret: Record<string, string> | undefined, spec: object = {}) {
  const tenant = await Tenant.make(stack, { bare: true, prefix: 'c' })
  const [region, account, secretName] = [`${tenant.name}-region`, `${tenant.name}-cloud`, `${tenant.name}-secret`]
  if (secret !== undefined) await putSecret(secretName, secret)
  await tenant.apply(
    tenant.of('CloudProvider', account, { type: 'simulator', credentialsSecretRef: { name: secretName }, settings: endpoint, ...spec }),
    tenant.of('Region', region, { availableZones: ['a'], cloudProvider: account }),
    tenant.of('Workspace', tenant.workspace, { region }),
  )
  return { tenant, region, account, secretName, where: `Secret ${OPERATOR_NAMESPACE}/${secretName}` }
}

describe.skipIf(!isSimulated).concurrent('credentials', () => {
  it.each<[what: string, secret: Record<string, string> | undefined, words: string]>([
    ['a missing Secret', undefined, 'does not exist: create it with token'],
    ['a Secret without its key', { password: 'x' }, 'key "token"'],
    ['a Secret with an empty key', { token: '' }, 'key "token"'],
    ['a token that the cloud refuses', { token: 'wrong' }, '(token) is not accepted: the token is not valid'],
  ])('%s is named, and mended by itself once it is right', async (_what, secret, words) => {
    const { tenant, account, region, secretName, where } = await ownCloud(secret)
    await tenant.apply(tenant.of('PublicIp', 'ip', { version: 'IPv4' }))
    const broken = await tenant.stuck('CloudProvider', account, 'Stalled', 'CredentialsInvalid', words)
    expect(conditionOf(broken, 'Ready')?.message).toContain(where)
    expect(conditionOf(broken, 'Ready')?.message).not.toContain('wrong')
    expect(kstatus(broken)).toBe('Failed')
    await tenant.stuck('Region', region, 'Ready', 'ReferenceNotReady', where)
    const workspace = await tenant.until('Workspace', tenant.workspace, (object) =>
      expect(conditionOf(object, 'Ready')?.message).toContain(where),
    )
    expect(workspace.status?.state).not.toBe('active')
    expect(await inventoryOf(stack, tenant)).toEqual([])
    await putSecret(secretName, { token: goodToken })
    await tenant.ready('CloudProvider', account, READ_AGAIN_MS)
    await tenant.ready('Region', region, READ_AGAIN_MS)
    await tenant.ready('PublicIp', 'ip', READ_AGAIN_MS)
  })

  it('a token that stops working leaves what is there alone, says so, and all goes on with a new one', async () => {
    const { tenant, account, secretName, where } = await ownCloud({ token: 'first' })
    await stack.cloud.tokens([goodToken, 'first'])
    await tenant.annotate('CloudProvider', account, { touched: 'now' })
    await tenant.apply(tenant.of('PublicIp', 'ip', { version: 'IPv4' }))
    await tenant.ready('PublicIp', 'ip', READ_AGAIN_MS)
    await stack.cloud.tokens([goodToken])
    await tenant.stuck('CloudProvider', account, 'Ready', 'CredentialsInvalid', where)
    // The address is as good as before: that nobody can look is no change of it. What is to be changed is another matter.
    expect(kstatus(await tenant.get('PublicIp', 'ip'))).toBe('Current')
    await tenant.edit('PublicIp', 'ip', { spec: { address: '198.19.200.1' } })
    const stalled = await tenant.stuck('PublicIp', 'ip', 'Stalled', 'CredentialsInvalid', where)
    expect(kstatus(stalled)).toBe('Failed')
    await putSecret(secretName, { token: goodToken })
    await tenant.ready('PublicIp', 'ip', READ_AGAIN_MS)
    expect(await tenant.behind('PublicIp', 'ip')).toMatchObject({ address: '198.19.200.1' })
    await tenant.ready('CloudProvider', account, READ_AGAIN_MS)
    expect((await mutationsOf(stack, tenant)).filter(({ action }) => action === 'create')).toHaveLength(2)
  })

  it('a tenant with credentials of its own uses those', async () => {
    const { tenant, account, secretName } = await ownCloud({ token: 'wrong' })
    await putSecret(`${secretName}-own`, { token: goodToken })
    await tenant.edit('CloudProvider', account, { spec: { tenantCredentials: [{ tenant: tenant.name, name: `${secretName}-own` }] } })
    await tenant.ready('Workspace', tenant.workspace, READ_AGAIN_MS)
    await tenant.stuck('CloudProvider', account, 'Ready', 'CredentialsInvalid', secretName)
  })
})

describe.skipIf(!isSimulated).concurrent('idle', () => {
  it('nothing is written and nothing is told while all is well, however often the cloud is looked at', async () => {
    const tenant = await Tenant.make(stack, { bare: true, prefix: 'idle' })
    const manifests = everything(tenant, tenant.workspace)
    await tenant.apply(...manifests)
    await tenant.allReady(manifests)
    await tenant.until('Workspace', tenant.workspace, ({ status }) => status?.['resourceCount'] === 12)

    const shared = ['simulator', 'eu-1']
    const versions = async () => {
      const found: string[] = []
      for (const { gvr, scope } of KINDS)
        for (const namespace of scope === 'cluster' ? [undefined] : [tenant.home, tenant.space])
          for await (const { items } of stack.client.list<Seen>(gvr, { namespace }))
            for (const { metadata } of items)
              if (scope !== 'cluster' || shared.includes(metadata.name) || metadata.name.startsWith('eu-1.'))
                found.push(`${gvr.kind} ${metadata.name} ${metadata.resourceVersion}`)
      return found
    }
    const events = async () => {
      const found: string[] = []
      for (const namespace of [tenant.home, tenant.space])
        for await (const { items } of stack.client.list<Seen>(KUBERNETES.Event, { namespace }))
          found.push(...items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`))
      return found.toSorted()
    }
    // Events are written behind the work they tell of.
    let told = await events()
    await eventually(async () => JSON.stringify(told) === JSON.stringify((told = await events())), { everyMs: 3_000 })
    const before = await versions()
    expect(before.length).toBeGreaterThan(manifests.length + 30)
    // Six looks at an instance at the least: half a minute and more.
    const looks = async () => (await stack.cloud.stats()).requests['GET servers'] ?? 0
    const start = await looks()
    await eventually(async () => (await looks()) >= start + 6, { timeoutMs: 180_000, everyMs: 500 })
    expect(await versions()).toEqual(before)
    expect(await events()).toEqual(told)
  })
})
