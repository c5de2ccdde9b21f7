import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, type JWTPayload, SignJWT } from 'jose'
import { AUDIENCE, ISSUER } from '../../../src/embedded/issuer.ts'
import { KUBERNETES } from '../../../src/kube/builtin.ts'
import { KINDS } from '../../../src/kinds/index.ts'
import type { KubeObject } from '../../../src/kube/gvr.ts'
import { applyManifests, eventually, kubectl, makeTenant, OPERATOR_NAMESPACE, REGION, uniqueTenant } from '../../support/harness.ts'
import { type Api, type Answer, call, startApi } from '../../support/api.ts'

export const KEY_ID = 'the-key'

/** Names in both tenants: the attacker may know all of the victim's. */
export const VAULT = 'vault'
export const OWN = 'prod'

/** Two tenants behind all doors: one that attacks, with all rights of its own, and one that nothing may happen to. */
export interface World {
  readonly api: Api
  readonly kube: string
  readonly attacker: string
  readonly victim: string
  readonly spaces: { readonly attacker: readonly [string, string]; readonly victim: readonly [string, string] }
  /** Stands in every field of the victim that can hold it, and nowhere else. */
  readonly marker: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  /** Token of the attacker's administrator, good for an hour. */
  readonly mallory: string
  /** Reads one workspace of the attacker's tenant. */
  readonly reader: string
  /** Administrator of the victim. */
  readonly vera: string
  /** Kubernetes token of a service account with all rights in the attacker's namespaces. */
  readonly account: string
  sign(claims: JWTPayload): Promise<string>
  /** One good request over the direct door. */
  send(method: string, path: string, options?: { token?: string; body?: unknown }): Promise<Answer>
  /** Everything that must not change, with versions. */
  snapshot(): Promise<readonly string[]>
  stop(): Promise<void>
}

export const path = (api: string, rest: string): string => `/providers/seca.${api}/v1/${rest}`

export async function makeWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'seca-hostile-'))
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keys = join(folder, 'keys.json')
  writeFileSync(keys, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'RS256', use: 'sig' }] }))
  const api = await startApi({ issuer: 'other', flags: [`--token-key-file=${keys}`] })
  const [attacker, victim] = [uniqueTenant('attacker'), uniqueTenant('victim')]
  const marker = `marker-${randomBytes(8).toString('hex')}`
  const own = await makeTenant(api.client, attacker, OWN)
  const theirs = await makeTenant(api.client, victim, VAULT)
  const spaces = {
    attacker: [own.namespace, own.workspaceNamespace],
    victim: [theirs.namespace, theirs.workspaceNamespace],
  } as const
  const assignment = (namespace: string, name: string, sub: string, role: string, scope: object = {}) => ({
    apiVersion: 'authorization.secapi.cloud/v1',
    kind: 'RoleAssignment',
    metadata: { name, namespace },
    spec: { subs: [sub], roles: [role], scopes: [scope] },
  })
  await applyManifests([
    assignment(own.namespace, 'mallory', 'mallory', 'seca.admin'),
    assignment(own.namespace, 'reader', 'reader', 'seca.workspace-viewer', { workspaces: [OWN] }),
    assignment(theirs.namespace, 'vera', 'vera', 'seca.admin'),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'credentials', namespace: theirs.namespace },
      stringData: { token: marker },
    },
    ...account(own.namespace, own.workspaceNamespace, attacker),
  ])
  const sign = (claims: JWTPayload) => {
    const now = Math.floor(Date.now() / 1000)
    return new SignJWT({ iss: ISSUER, aud: AUDIENCE, exp: now + 3_600, iat: now, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: KEY_ID })
      .sign(privateKey)
  }
  const [mallory, reader, vera] = await Promise.all(['mallory', 'reader', 'vera'].map((sub) => sign({ sub })))
  const request = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/serviceaccounts/${attacker}/token`
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
  const { status } = await api.client.raw<{ status: { token: string } }>('POST', request, review)
  await api.aggregate([REGION])
  const world: World = {
    api,
    kube: (await kubectl(['config', 'view', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}'])).trim(),
    attacker,
    victim,
    spaces,
    marker,
    publicKey,
    privateKey,
    mallory: mallory!,
    reader: reader!,
    vera: vera!,
    account: status.token,
    sign,
    send: (method, target, { token = mallory!, body } = {}) => call(api.url + target, { method, token, body }),
    snapshot: () => snapshot(api, spaces.victim),
    async stop() {
      await api.stop()
      rmSync(folder, { recursive: true })
    },
  }
  await furnish(world)
  return world
}

/** A service account of Kubernetes that may do everything in the attacker's namespaces. */
function account(home: string, space: string, name: string): object[] {
  const subjects = [{ kind: 'ServiceAccount', name, namespace: OPERATOR_NAMESPACE }]
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' }
  const groups = [...new Set(KINDS.map(({ gvr }) => gvr.group))].filter((group) => group !== 'operator.secapi.cloud')
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: OPERATOR_NAMESPACE } },
    ...[home, space].flatMap((namespace) => [
      { ...rbac, kind: 'Role', metadata: { name, namespace }, rules: [{ apiGroups: groups, resources: ['*'], verbs: ['*'] }] },
      {
        ...rbac,
        kind: 'RoleBinding',
        metadata: { name, namespace },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
        subjects,
      },
    ]),
  ]
}

const SKU = { resource: 'skus/RD100' }

/** The same things in both tenants; the victim's carry the marker. */
async function furnish(world: World): Promise<void> {
  const { marker, send } = world
  for (const [tenant, workspace, token, mark] of [
    [world.attacker, OWN, world.mallory, 'none'],
    [world.victim, VAULT, world.vera, marker],
  ] as const) {
    const disks = path('storage', `tenants/${tenant}/workspaces/${workspace}/block-storages`)
    const network = path('network', `tenants/${tenant}/workspaces/${workspace}`)
    const tags = { labels: { mark }, annotations: { mark }, extensions: { mark } }
    await eventually(async () => (await send('GET', disks, { token })).status === 200)
    const put = async (target: string, spec: object) => {
      const answer = await send('PUT', target, { token, body: { ...tags, spec } })
      if (answer.status !== 201) throw new Error(`${target}: ${answer.status} ${answer.text}`)
    }
    await put(`${disks}/disk`, { skuRef: SKU, sizeGB: 50 })
    await put(path('storage', `tenants/${tenant}/images/golden-1`), {
      blockStorageRef: { resource: `workspaces/${workspace}/block-storages/disk` },
      cpuArchitecture: 'amd64',
    })
    await put(`${network}/networks/net`, { cidr: { ipv4: '10.0.0.0/16' }, skuRef: { resource: 'skus/N1K' } })
    await put(`${network}/networks/net/route-tables/main-1`, {
      routes: [{ destinationCidrBlock: '10.9.0.0/16', targetRef: { resource: '10.0.0.9' } }],
    })
    await put(`${network}/networks/net/subnets/front-1`, {
      cidr: { ipv4: '10.0.1.0/24' },
      zone: 'a',
      routeTableRef: { resource: 'route-tables/main-1' },
    })
    await put(`${network}/nics/card-1`, { addresses: ['10.0.1.9'], subnetRef: { resource: 'networks/net/subnets/front-1' } })
    await put(`${network}/public-ips/address-1`, { version: 'IPv4' })
    await put(`${network}/internet-gateways/exit-1`, {})
    await put(`${network}/security-group-rules/allow-1`, { direction: 'ingress', annotations: { mark } })
    await put(`${network}/security-groups/web-1`, { ruleRefs: [{ resource: 'security-group-rules/allow-1' }] })
    await put(path('compute', `tenants/${tenant}/workspaces/${workspace}/instances/server`), {
      skuRef: { resource: 'skus/D2XS' },
      zone: 'a',
      bootVolume: { deviceRef: { resource: 'block-storages/disk' } },
      userData: mark,
      sshKeys: [`ssh-ed25519 ${mark}`],
    })
    await put(path('authorization', `tenants/${tenant}/roles/own`), {
      permissions: [{ provider: 'seca.storage/v1', resources: ['images/*'], verb: ['get'] }],
    })
  }
}

async function snapshot({ client }: Api, namespaces: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = []
  const add = async (gvr: Parameters<typeof client.list>[0], namespace?: string) => {
    for await (const { items } of client.list<KubeObject>(gvr, namespace === undefined ? {} : { namespace }))
      for (const { metadata } of items)
        lines.push(`${gvr.resource} ${metadata.namespace ?? ''}/${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`)
  }
  const owned = KINDS.filter(({ scope }) => scope !== 'cluster')
  for (const namespace of namespaces) {
    await Promise.all([...owned.map(({ gvr }) => add(gvr, namespace)), add(KUBERNETES.Secret, namespace), add(ROLE_BINDINGS, namespace)])
    const { metadata } = await client.get<KubeObject>(KUBERNETES.Namespace, undefined, namespace)
    lines.push(`namespace ${namespace} ${metadata.uid} ${JSON.stringify(metadata.labels)}`)
  }
  for (const { gvr } of KINDS.filter(({ scope }) => scope === 'cluster')) await add(gvr)
  return lines.toSorted()
}

const ROLE_BINDINGS = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'rolebindings', kind: 'RoleBinding', namespaced: true }
