import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { BlockStorage } from '../../src/kinds/index.ts'
import { applyManifests, eventually, kubectl, makeTenant, REGION, uniqueTenant } from '../support/harness.ts'
import { type Api, call, startApi } from '../support/api.ts'

/** A token issuer with discovery, keys and userinfo, that can rotate, revoke and break. */
class Issuer {
  readonly #server: Server
  readonly revoked = new Set<string>()
  url = ''
  isDown = false
  asked = 0
  #keys: { kid: string; privateKey: KeyObject; publicKey: KeyObject }[] = []

  constructor() {
    this.#server = createServer((request, response) => {
      const json = (status: number, body: unknown) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      if (this.isDown) return void request.socket.destroy()
      if (request.url === '/.well-known/openid-configuration')
        return void json(200, { issuer: this.url, jwks_uri: `${this.url}/keys`, userinfo_endpoint: `${this.url}/userinfo` })
      if (request.url === '/userinfo') {
        const token = (request.headers.authorization ?? '').replace('Bearer ', '')
        return void (this.revoked.has(token)
          ? json(401, {})
          : json(200, { sub: (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string }).sub }))
      }
      this.asked++
      void Promise.all(this.#keys.map(async ({ kid, publicKey }) => ({ ...(await exportJWK(publicKey)), kid, use: 'sig' }))).then((keys) =>
        json(200, { keys }),
      )
    })
  }
  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    this.rotate()
  }
  /** A new key; those before are forgotten unless told. */
  rotate(keepOld = false): void {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#keys = [...(keepOld ? this.#keys : []), { kid: `k${Date.now()}-${this.#keys.length}`, ...pair }]
  }
  get publicKey(): KeyObject {
    return this.#keys.at(-1)!.publicKey
  }
  sign(subject: string, claims: JWTPayload = {}): Promise<string> {
    const { kid, privateKey } = this.#keys.at(-1)!
    const now = Math.floor(Date.now() / 1000)
    return new SignJWT({ iss: this.url, aud: 'seca', sub: subject, exp: now + 600, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid })
      .sign(privateKey)
  }
  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

describe('authentication and authorization', () => {
  const issuer = new Issuer()
  const folder = mkdtempSync(join(tmpdir(), 'seca-auth-'))
  const tenant = uniqueTenant('auth')
  const other = uniqueTenant('other')
  let api: Api
  let namespace: string

  const assign = (name: string, spec: { subs: string[]; roles: string[]; scopes?: object[] }, where = namespace) =>
    applyManifests([
      {
        apiVersion: 'authorization.secapi.cloud/v1',
        kind: 'RoleAssignment',
        metadata: { name, namespace: where },
        spec: { scopes: [{}], ...spec },
      },
    ])
  const skus = (of = tenant) => `${api.url}/providers/seca.compute/v1/tenants/${of}/skus`
  const status = async (token: string | undefined, url = skus()) => (await call(url, token === undefined ? {} : { token })).status

  beforeAll(async () => {
    await issuer.start()
    api = await startApi({
      issuer: 'other',
      flags: [
        `--token-issuer=${issuer.url}`,
        '--token-keys-last-good=20s',
        '--token-revocation=userinfo',
        '--token-revocation-last-good=2s',
      ],
    })
    namespace = (await makeTenant(api.client, tenant, 'prod')).namespace
    await assign('admin', { subs: ['admin'], roles: ['seca.admin'] })
    await assign('admin', { subs: ['admin'], roles: ['seca.admin'] }, (await makeTenant(api.client, other)).namespace)
    await eventually(async () => (await status(await issuer.sign('admin'))) === 200)
  })
  afterAll(async () => {
    await api.stop()
    await issuer.stop()
    rmSync(folder, { recursive: true })
  })

  it('refuses everything that is not a good token of the issuer', async () => {
    const now = Math.floor(Date.now() / 1000)
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { iss: issuer.url, aud: 'seca', sub: 'admin', exp: now + 600 }
    const hmac = (secret: string | Buffer) => {
      const text = `${part({ alg: 'HS256', kid: 'k' })}.${part(claims)}`
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
    }
    const foreign = new Issuer()
    await foreign.start()
    const tokens = {
      'alg none': `${part({ alg: 'none' })}.${part(claims)}.`,
      'HS256 with the public key, PEM': hmac(issuer.publicKey.export({ type: 'spki', format: 'pem' })),
      'HS256 with the public key, DER': hmac(issuer.publicKey.export({ type: 'spki', format: 'der' })),
      'another issuer': await foreign.sign('admin'),
      'another issuer that claims to be this one': await foreign.sign('admin', { iss: issuer.url }),
      'wrong audience': await issuer.sign('admin', { aud: 'other' }),
      expired: await issuer.sign('admin', { exp: now - 60 }),
      'not yet': await issuer.sign('admin', { nbf: now + 60 }),
      'no expiry': await issuer.sign('admin', { exp: undefined as never }),
      nobody: await issuer.sign(''),
      everybody: await issuer.sign('*'),
    }
    await foreign.stop()
    for (const [name, token] of Object.entries(tokens)) {
      const answer = await call(skus(), { token })
      expect([name, answer.status, answer.headers['www-authenticate']]).toEqual([name, 401, expect.stringContaining('Bearer')])
      expect(answer.text).not.toContain(token)
    }
    expect(await status(undefined)).toBe(401)
    expect(await status(await issuer.sign('admin'))).toBe(200)
    expect(api.logs()).not.toContain(await issuer.sign('admin'))
  })

  it('roles of the cluster decide, at once', async () => {
    const token = await issuer.sign('carol')
    expect(await status(token)).toBe(403)
    expect(await status(token, `${api.url}/providers/seca.region/v1/regions`)).toBe(200)
    await assign('carol', { subs: ['carol'], roles: ['seca.workspace-viewer'], scopes: [{ tenants: ['*'], workspaces: ['prod'] }] })
    await eventually(async () => (await status(token)) === 200)
    const disks = `${api.url}/providers/seca.storage/v1/tenants/${tenant}/workspaces/prod/block-storages`
    expect(await status(token, disks)).toBe(200)
    expect((await call(`${disks}/x`, { method: 'PUT', token, body: { spec: {} } })).status).toBe(403)
    expect((await call(`${disks}/x`, { method: 'DELETE', token })).status).toBe(403)
    expect(await status(token, disks.replace('/prod/', '/dev/'))).toBe(403)
    expect(await status(token, `${api.url}/providers/seca.authorization/v1/tenants/${tenant}/roles`)).toBe(403)
    // "Every tenant" of an assignment is its own.
    expect(await status(token, skus(other))).toBe(403)
    await kubectl(['delete', 'roleassignments', 'carol', '-n', namespace])
    await eventually(async () => (await status(token)) === 403)
  })

  it('tokens narrow what roles allow', async () => {
    const cases: [JWTPayload, number, number][] = [
      [{}, 200, 200],
      [{ tenants: [tenant] }, 200, 403],
      [{ tenants: [other] }, 403, 200],
      [{ tenants: [] }, 403, 403],
      [{ scope: { tenants: [other] } }, 403, 200],
      [{ scope: 'openid profile' }, 200, 200],
      [{ scope: { regions: ['it-1'] } }, 403, 403],
      [{ tenants: [tenant], scope: { tenants: [other] } }, 403, 403],
      [{ roles: ['seca.admin'], tenants: 'nowhere' }, 403, 403],
    ]
    for (const [claims, here, there] of cases) {
      const token = await issuer.sign('admin', claims)
      expect([claims, await status(token), await status(token, skus(other))]).toEqual([claims, here, there])
    }
    const narrow = await issuer.sign('admin', { scope: { workspaces: ['prod'] } })
    const body = { spec: { subs: ['eve'], roles: ['seca.admin'], scopes: [{}] } }
    expect(
      (
        await call(`${api.url}/providers/seca.authorization/v1/tenants/${tenant}/role-assignments/eve`, {
          method: 'PUT',
          token: narrow,
          body,
        })
      ).status,
    ).toBe(403)
  })

  it('an administrator can see why', async () => {
    const run = (...args: string[]) =>
      new Promise<{ code: number; stdout: string }>((resolve) => {
        const flags = ['access', '--kubeconfig', inject('kubeconfig'), '--default-region', REGION, ...args]
        execFile(process.execPath, [join(import.meta.dirname, '../../src/main.ts'), ...flags], (error, stdout) =>
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout }),
        )
      })
    const resource = `seca.compute/v1/tenants/${tenant}/workspaces/prod/instances/web`
    const [yes, no, kube] = await Promise.all([
      run('--subject', 'admin', '--verb', 'put', '--resource', resource),
      run('--subject', 'carol', '--verb', 'put', '--resource', resource),
      run('--user', 'joe', '--verb', 'get', '--resource', resource),
    ])
    expect(yes).toMatchObject({ code: 0, stdout: expect.stringContaining('role assignment admin gives role seca.admin') })
    expect(no).toMatchObject({ code: 1, stdout: expect.stringContaining(`no role assignment of tenant ${tenant} names carol or everyone`) })
    expect(kube).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('Kubernetes user "joe" may not get instances.compute.secapi.cloud'),
    })
  })

  it('follows the issuer: rotation, revocation, outage', async () => {
    const before = await issuer.sign('admin')
    expect(await status(before)).toBe(200)
    issuer.rotate(true)
    const after = await issuer.sign('admin')
    // An unknown key is looked for at most every ten seconds.
    await eventually(async () => (await status(after)) === 200, { everyMs: 500 })
    expect(await status(before)).toBe(200)

    issuer.revoked.add(after)
    const fresh = await issuer.sign('admin', { jti: 'fresh' })
    issuer.revoked.add(fresh)
    expect(await status(fresh)).toBe(401)

    issuer.isDown = true
    // Known a moment ago: still good; new ones: nobody can tell. Never 401 or 403.
    expect(await status(before)).toBe(200)
    expect(await status(await issuer.sign('admin', { jti: 'during' }))).toBe(503)
    await eventually(async () => (await status(before)) === 503, { everyMs: 1_000 })
    issuer.isDown = false
    await eventually(async () => (await status(before)) === 200, { everyMs: 500 })
  })
})

describe('replicas', () => {
  it('a client that is sent to another one reads what it wrote', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'seca-peers-'))
    const key = join(folder, 'key')
    writeFileSync(key, 'a secret of all replicas')
    const ports = await (await import('../../src/embedded/cluster/ports.ts')).freePorts(['a', 'b'], {})
    const flags = (port: number) => [
      `--port=${port}`,
      `--peer-address=https://127.0.0.1:${port}`,
      `--peer-key-file=${key}`,
      '--log-level=debug',
    ]
    // Both take the tokens of the first one's issuer.
    const first = await startApi({ flags: flags(ports.a) })
    const second = await startApi({ flags: [...flags(ports.b), `--token-key-file=${first.issuerKeyFile}`], seeded: false })
    try {
      const [a, b] = [ports.a, ports.b].map((port) => `https://127.0.0.1:${port}`) as [string, string]
      const tenant = uniqueTenant('peers')
      const { namespace } = await makeTenant(first.client, tenant, 'prod')
      await applyManifests([
        {
          apiVersion: 'authorization.secapi.cloud/v1',
          kind: 'RoleAssignment',
          metadata: { name: 'admin', namespace },
          spec: { subs: ['admin'], roles: ['seca.admin'], scopes: [{}] },
        },
      ])
      const token = await first.token('admin')
      const path = (index: number) => `/providers/seca.storage/v1/tenants/${tenant}/workspaces/prod/block-storages/disk-${index}`
      await eventually(async () => (await call(b + path(0), { token })).status === 404)
      await eventually(async () => (await kubectl(['get', 'leases', '-n', 'seca-system', '-o', 'name'])).match(/seca-api-/g)?.length === 2)
      for (let index = 0; index < 40; index++) {
        const [write, read] = index % 2 === 0 ? [a, b] : [b, a]
        const body = { spec: { skuRef: { resource: 'skus/RD100' }, sizeGB: 50 + index } }
        const made = await call(write + path(index), { method: 'PUT', token, body })
        const seen = await call(read + path(index), { token })
        expect([index, made.status, seen.status]).toEqual([index, 201, 200])
        expect(seen.json<{ metadata: { resourceVersion: number } }>().metadata.resourceVersion).toBeGreaterThanOrEqual(
          made.json<{ metadata: { resourceVersion: number } }>().metadata.resourceVersion,
        )
      }
      // Nothing holds these up (no controllers run here): once the answer is there, they are gone for everybody.
      const { workspaceNamespace } = await makeTenant(first.client, tenant, 'prod')
      const free = { type: 'merge', body: { metadata: { finalizers: null } } } as const
      for (let index = 0; index < 40; index++) {
        const [write, read] = index % 2 === 0 ? [a, b] : [b, a]
        await first.client.patch(BlockStorage.gvr, workspaceNamespace, `disk-${index}`, free)
        const gone = await call(write + path(index), { method: 'DELETE', token })
        expect([
          index,
          gone.status,
          (await call(read + path(index), { token })).status,
          (await call(write + path(index), { token })).status,
        ]).toEqual([index, 202, 404, 404])
      }
      // What something holds up is marked everywhere.
      const held = path(50)
      expect(
        (await call(a + held, { method: 'PUT', token, body: { spec: { skuRef: { resource: 'skus/RD100' }, sizeGB: 50 } } })).status,
      ).toBe(201)
      await kubectl([
        'patch',
        'blockstorages',
        'disk-50',
        '-n',
        workspaceNamespace,
        '--type=merge',
        '-p',
        '{"metadata":{"finalizers":["example.org/hold"]}}',
      ])
      expect((await call(a + held, { method: 'DELETE', token })).status).toBe(202)
      const marked = (await call(b + held, { token })).json<{ metadata: { deletedAt?: string } }>()
      expect(marked.metadata.deletedAt).toBeDefined()
      await kubectl([
        'patch',
        'blockstorages',
        'disk-50',
        '-n',
        workspaceNamespace,
        '--type=merge',
        '-p',
        '{"metadata":{"finalizers":null}}',
      ])
      for (const log of [first.logs(), second.logs()]) expect(log).not.toContain('did not confirm')
      // Nobody else can ask, or learn what is there.
      expect((await call(`${a}/.seca/peer?kind=BlockStorage&key=x&version=1`)).status).toBe(401)
      const forged = { 'x-seca-peer': `${Date.now()}.${'0'.repeat(64)}` }
      expect((await call(`${a}/.seca/peer?kind=BlockStorage&key=x&version=1`, { headers: forged })).status).toBe(401)
      for (const value of [`${Date.now()}.${'ä'.repeat(64)}`, 'ä', '', '.', `ä.${'0'.repeat(64)}`, 'x'.repeat(20_000)])
        expect((await call(`${a}/.seca/peer?kind=BlockStorage&key=x&version=1`, { headers: { 'x-seca-peer': value } })).status).toBe(401)
      // One that is gone holds nobody up.
      await second.stop()
      const started = performance.now()
      expect(
        (await call(a + path(99), { method: 'PUT', token, body: { spec: { skuRef: { resource: 'skus/RD100' }, sizeGB: 50 } } })).status,
      ).toBe(201)
      expect(performance.now() - started).toBeLessThan(5_000)
    } finally {
      await first.stop()
      await second.stop()
      rmSync(folder, { recursive: true })
    }
  })
})
