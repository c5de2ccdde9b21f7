import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyObject } from '../../src/processes/install.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { createAuthority, issue } from '../../src/x509.ts'
import { isNotFound } from '../../src/kube/errors.ts'
import { applyManifests, eventually, kubectl, makeTenant, OPERATOR_NAMESPACE, REGION, uniqueTenant } from '../support/harness.ts'
import { type Api, call, pki, startApi } from '../support/api.ts'

describe('the doors', () => {
  let api: Api
  let kube: string
  const tenant = uniqueTenant('doors')
  let names: Awaited<ReturnType<typeof makeTenant>>

  beforeAll(async () => {
    api = await startApi()
    kube = (await kubectl(['config', 'view', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}'])).trim()
    names = await makeTenant(api.client, tenant, 'prod')
    await api.aggregate([REGION, 'it-1'])
    await eventually(async () => {
      const all = JSON.parse(await kubectl(['get', 'apiservices', '-o', 'json', '-l', 'app.kubernetes.io/component=api'])) as {
        items: { metadata: { name: string }; status: { conditions: { type: string; status: string; message: string }[] } }[]
      }
      expect(all.items.map(({ metadata }) => metadata.name)).toContain('v1.it-1.seca.compute')
      for (const { metadata, status } of all.items)
        expect([metadata.name, status.conditions.find(({ type }) => type === 'Available')]).toMatchObject([
          metadata.name,
          { status: 'True' },
        ])
    })
  })
  afterAll(() => api.stop())

  /** A service account with rules in some namespaces, and its token. */
  async function account(name: string, rules: readonly { namespace?: string; rules: object[] }[]): Promise<string> {
    const subjects = [{ kind: 'ServiceAccount', name, namespace: OPERATOR_NAMESPACE }]
    await applyObject(api.client, KUBERNETES.ServiceAccount, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace: OPERATOR_NAMESPACE },
    })
    for (const [index, { namespace, rules: list }] of rules.entries()) {
      const kind = namespace === undefined ? 'ClusterRole' : 'Role'
      const metadata = { name: `${name}-${index}`, ...(namespace === undefined ? {} : { namespace }) }
      await applyManifests([
        { apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata, rules: list },
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: `${kind}Binding`,
          metadata,
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: metadata.name },
          subjects,
        },
      ])
    }
    const path = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/serviceaccounts/${name}/token`
    const { status } = await api.client.raw<{ status: { token: string } }>('POST', path, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    })
    return status.token
  }
  describe('through kube-apiserver', () => {
    it('the same resources: what one door writes, the others read', async () => {
      const token = await account(`${tenant}-writer`, [
        {
          namespace: names.workspaceNamespace,
          rules: [{ apiGroups: ['storage.secapi.cloud'], resources: ['blockstorages'], verbs: ['*'] }],
        },
        { rules: [{ apiGroups: ['storage.secapi.cloud'], resources: ['storageskus'], verbs: ['get', 'list'] }] },
      ])
      const path = `/apis/seca.storage/v1/tenants/${tenant}/workspaces/prod/block-storages/disk`
      const body = { spec: { skuRef: { resource: 'skus/RD100' }, sizeGB: 50 } }
      const made = await call(kube + path, { method: 'PUT', token, body })
      expect([made.status, made.text]).toEqual([201, expect.stringContaining('"sizeGB":50')])
      expect(await kubectl(['get', 'blockstorages', 'disk', '-n', names.workspaceNamespace, '-o', 'jsonpath={.spec.sizeGB}'])).toBe('50')
      const version = made.json<{ metadata: { resourceVersion: number } }>().metadata.resourceVersion
      // Headers arrive: a stale version is refused.
      expect(
        (await call(kube + path, { method: 'PUT', token, body, headers: { 'if-unmodified-since': String(version + 100) } })).status,
      ).toBe(412)
      const list = await call(`${kube}${path.replace('/disk', '')}?limit=1&labels=${encodeURIComponent('a!=b')}`, { token })
      expect(list.json<{ items: unknown[] }>().items).toHaveLength(1)
      expect((await call(kube + path, { method: 'DELETE', token })).status).toBe(202)
    })

    it('a region has paths of its own, and one without an APIService is not there', async () => {
      expect(
        (
          await call(`${kube}/apis/${REGION}.seca.compute/v1/tenants/${tenant}/skus`, {
            cert: pki().read('admin.crt'),
            key: pki().read('admin.key'),
          })
        ).status,
      ).toBe(200)
      expect(
        (
          await call(`${kube}/apis/xx-1.seca.compute/v1/tenants/${tenant}/skus`, {
            cert: pki().read('admin.crt'),
            key: pki().read('admin.key'),
          })
        ).status,
      ).toBe(404)
    })

    it('REST allows exactly what kubectl would', async () => {
      const name = `${tenant}-mixed`
      const token = await account(name, [
        {
          namespace: names.workspaceNamespace,
          rules: [
            { apiGroups: ['storage.secapi.cloud'], resources: ['blockstorages'], verbs: ['get', 'list'] },
            { apiGroups: ['compute.secapi.cloud'], resources: ['instances'], verbs: ['delete'] },
            { apiGroups: ['network.secapi.cloud'], resources: ['networks'], verbs: ['create', 'get'] },
            { apiGroups: ['network.secapi.cloud'], resources: ['nics'], resourceNames: ['mine'], verbs: ['get', 'update'] },
          ],
        },
        { namespace: names.namespace, rules: [{ apiGroups: ['workspace.secapi.cloud'], resources: ['workspaces'], verbs: ['list'] }] },
      ])
      const collections = [
        ['seca.storage', 'block-storages', 'blockstorages.storage.secapi.cloud', names.workspaceNamespace],
        ['seca.compute', 'instances', 'instances.compute.secapi.cloud', names.workspaceNamespace],
        ['seca.network', 'networks', 'networks.network.secapi.cloud', names.workspaceNamespace],
        ['seca.network', 'nics', 'nics.network.secapi.cloud', names.workspaceNamespace],
        ['seca.network', 'public-ips', 'publicips.network.secapi.cloud', names.workspaceNamespace],
        ['seca.workspace', '', 'workspaces.workspace.secapi.cloud', names.namespace],
      ] as const
      const compared: string[] = []
      for (const [group, collection, resource, namespace] of collections) {
        const base = `${kube}/apis/${group}/v1/tenants/${tenant}/${collection === '' ? 'workspaces' : `workspaces/prod/${collection}`}`
        for (const item of ['mine', 'other'])
          for (const [verb, method, target] of [
            ['list', 'GET', base],
            ['get', 'GET', `${base}/${item}`],
            ['create', 'PUT', `${base}/${item}`],
            ['delete', 'DELETE', `${base}/${item}`],
          ] as const) {
            const answer = await call(target, { method, token, ...(method === 'PUT' ? { body: { spec: 'nonsense' } } : {}) })
            const who = `--as=system:serviceaccount:${OPERATOR_NAMESPACE}:${name}`
            const object = verb === 'list' ? resource : `${resource}/${item}`
            const can = await kubectl(['auth', 'can-i', verb, object, '-n', namespace, who]).then(
              () => true,
              () => false,
            )
            compared.push(`${verb} ${object}: ${can}`)
            expect([verb, object, answer.status === 403 ? 'refused' : 'allowed', answer.status]).toEqual([
              verb,
              object,
              can ? 'allowed' : 'refused',
              answer.status,
            ])
          }
      }
      expect(compared.filter((line) => line.endsWith('true')).length).toBeGreaterThan(5)
    })

    it('who is nobody does not get that far', async () => {
      for (const path of [
        '/apis/seca.compute/v1/tenants/x/skus',
        '/apis/seca.region/v1/regions',
        `/apis/seca.workspace/v1/tenants/${tenant}/workspaces`,
      ])
        expect([401, 403]).toContain((await call(kube + path)).status)
    })

    it('neither door holds up the deletion of namespaces, and discovery shows nothing to list or delete', async () => {
      const namespace = `${tenant}-gone`
      await kubectl(['create', 'namespace', namespace])
      await kubectl(['delete', 'namespace', namespace, '--timeout=60s'])
      const resources = (await kubectl(['api-resources', '--verbs=list', '-o', 'name'])).split('\n')
      expect(resources.filter((name) => name.startsWith('tenants.'))).toEqual([])
      expect(await kubectl(['api-resources', '--api-group=seca.compute', '--no-headers'])).toMatch(
        /^tenants +seca.compute\/v1 +false +SecaTenant/,
      )
    })
  })

  describe('the aggregated port, called directly', () => {
    const path = (): string => `${api.aggregatedUrl}/apis/seca.compute/v1/tenants/${tenant}/skus`
    const forged = { 'x-remote-user': 'system:admin', 'x-remote-group': 'system:masters' }
    const self = createAuthority('front-proxy-ca')

    it('believes forged headers of nobody', async () => {
      const cases = [
        { headers: forged },
        { headers: forged, cert: pki().read('admin.crt'), key: pki().read('admin.key') },
        { headers: forged, ...issue(self, { commonName: 'front-proxy-client', usages: ['client'] }) },
        { headers: { ...forged, authorization: 'Basic YTpi' } },
        { headers: { 'X-Remote-User': ['a', 'system:admin'], 'x-remote-group': ['system:masters'] } },
        { headers: { ...forged, 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1' } },
      ]
      for (const one of cases) expect((await call(path(), one)).status).toBe(401)
    })

    it('knows kube-apiserver by its certificate alone', async () => {
      const proxy = { cert: pki().read('front-proxy-client.crt'), key: pki().read('front-proxy-client.key') }
      expect((await call(path(), { ...proxy, headers: forged })).status).toBe(200)
      expect((await call(path(), proxy)).status).toBe(401)
      // A certificate forwards identities; it has none.
      expect((await call(path(), { ...proxy, headers: { 'x-remote-user': 'nobody' } })).status).toBe(403)
    })

    it('takes tokens of Kubernetes, and none of SECA', async () => {
      const token = await account(`${tenant}-direct`, [
        { rules: [{ apiGroups: ['compute.secapi.cloud'], resources: ['instanceskus'], verbs: ['list'] }] },
      ])
      expect((await call(path(), { token })).status).toBe(200)
      expect((await call(path(), { token, headers: forged })).status).toBe(200)
      expect((await call(path().replace('/skus', '/workspaces/prod/instances'), { token, headers: forged })).status).toBe(403)
      expect((await call(path(), { token: await api.token('alice') })).status).toBe(401)
      expect((await call(path(), { token: `${token}x` })).status).toBe(401)
    })

    it('serves discovery and health to everybody, and nothing else', async () => {
      for (const open of ['/apis', '/apis/seca.compute', '/apis/seca.compute/v1', '/openapi/v3', '/livez', '/readyz', '/healthz'])
        expect([open, (await call(api.aggregatedUrl + open)).status]).toEqual([open, 200])
      for (const closed of [
        `/apis/seca.compute/v1/tenants/${tenant}/skus`,
        `/apis/seca.authorization/v1/tenants/${tenant}/roles`,
        `/apis/seca.region/v1/regions`,
      ])
        expect([closed, (await call(api.aggregatedUrl + closed)).status]).toEqual([closed, 401])
    })
  })

  describe('the direct port', () => {
    it('takes no identity of Kubernetes', async () => {
      const path = `${api.url}/providers/seca.compute/v1/tenants/${tenant}/skus`
      const proxy = { cert: pki().read('front-proxy-client.crt'), key: pki().read('front-proxy-client.key') }
      const headers = { 'x-remote-user': 'system:admin', 'x-remote-group': 'system:masters' }
      expect((await call(path, { ...proxy, headers })).status).toBe(401)
      expect((await call(path, { cert: pki().read('admin.crt'), key: pki().read('admin.key') })).status).toBe(401)
      const token = await account(`${tenant}-masters`, [])
      expect((await call(path, { token, headers })).status).toBe(401)
      // With a token of its own, the headers change nothing.
      expect((await call(path, { token: await api.token('nobody'), headers })).status).toBe(403)
    })

    it('serves on while thousands of connections idle', async () => {
      const { port } = new URL(api.url)
      const sockets: TLSSocket[] = []
      const open = () =>
        new Promise<void>((resolve, reject) => {
          const socket = connectTls({ host: '127.0.0.1', port: Number(port), ca: pki().read('ca.crt') }, () =>
            socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'),
          )
          socket.once('data', () => resolve()).on('error', reject)
          sockets.push(socket)
        })
      for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 100 }, open))
      const token = await api.token('nobody')
      expect((await call(`${api.url}/providers/seca.region/v1/regions`, { token })).status).toBe(200)
      for (const socket of sockets) socket.destroy()
    })
  })

  it('the door is gone before its server, and namespaces go on being deleted', async () => {
    await api.separate()
    const left: string[] = []
    for await (const { items } of api.client.list(KUBERNETES.APIService, { labelSelector: 'app.kubernetes.io/component=api' }))
      left.push(...items.map(({ metadata }) => metadata.name))
    expect(left).toEqual([])
    await eventually(() =>
      kubectl(['get', '--raw', '/apis/seca.compute/v1']).then(
        () => false,
        (error: Error) => /not found|could not find/i.test(error.message),
      ),
    )
    await kubectl(['create', 'namespace', `${tenant}-after`])
    await kubectl(['delete', 'namespace', `${tenant}-after`, '--timeout=60s'])
    await api.client.get({ ...KUBERNETES.APIService }, undefined, 'v1.seca.compute').then(
      () => expect.unreachable(),
      (error: unknown) => expect(isNotFound(error)).toBe(true),
    )
  })
})
