import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { applyObject, SERVICE_ACCOUNT } from '../../src/processes/install.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { KINDS, kindNamed } from '../../src/kinds/index.ts'
import { ApiError } from '../../src/kube/errors.ts'
import { connect } from '../../src/kube/config.ts'
import { type Crd, allCrds } from '../../src/schema/crd.ts'
import { validateSpec } from '../../src/schema/validate.ts'
import { brokenConstraints, type Case, keptConstraints } from './manifests/constraints.ts'
import { type Manifest, minimal } from './manifests/minimal.ts'
import { REFUSED, REFUSED_CHANGES } from './manifests/refused.ts'
import { OPERATOR_NAMESPACE } from '../support/names.ts'

const client = connect({ kubeconfig: inject('kubeconfig'), userAgent: 'seca-e2e' })
const NAMESPACE = 'crds-e2e'

type Stored = Manifest & { status?: Record<string, unknown>; metadata: { name: string } }
type WithConditions = Crd & { status?: { conditions?: { type: string; status: string; message?: string }[] } }

const gvrOf = (manifest: Manifest) => kindNamed(manifest.kind)!.gvr
const inNamespace = (manifest: Manifest): Manifest => ({
  ...manifest,
  metadata: { ...manifest.metadata, ...(manifest.metadata.namespace ? { namespace: NAMESPACE } : {}) },
})

/** Sends a manifest without storing it. */
async function tried(manifest: Manifest): Promise<ApiError | undefined> {
  const { group, version, resource, namespaced } = gvrOf(manifest)
  const path = `/apis/${group}/${version}/${namespaced ? `namespaces/${NAMESPACE}/` : ''}${resource}?dryRun=All&fieldValidation=Strict`
  return client.raw('POST', path, inNamespace(manifest)).then(
    () => undefined,
    (error: unknown) => refusal(error),
  )
}

/** Anything but a refusal of the content is a failure of the test. A name that is taken says that the content was fine. */
function refusal(error: unknown): ApiError | undefined {
  if (error instanceof ApiError && error.status === 422) return error
  if (error instanceof ApiError && error.reason === 'AlreadyExists') return undefined
  throw error
}

const says = (error: ApiError | undefined, field: string, text: RegExp) =>
  error?.causes.some(
    (cause) => (cause.field === field || (field === '<nil>' && !cause.field?.startsWith('spec'))) && text.test(cause.message),
  ) ?? false

/** Everything at once would be thousands of sockets' worth of promises; eight at a time is as fast. */
async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<string | undefined>): Promise<string[]> {
  const found: string[] = []
  const rest = items.values()
  const worker = async () => {
    for (const item of rest) {
      const complaint = await work(item)
      if (complaint !== undefined) found.push(complaint)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  return found
}

beforeAll(async () => {
  await client.apply(KUBERNETES.Namespace, { metadata: { name: NAMESPACE }, apiVersion: 'v1', kind: 'Namespace' } as Manifest, {
    fieldManager: 'e2e',
  })
  for (const crd of allCrds()) await established(crd.metadata.name)
})
afterAll(async () => {
  for (const kind of KINDS.filter(({ scope }) => scope === 'cluster'))
    await client.delete(kind.gvr, undefined, minimal(kind.kind).metadata.name).catch(() => undefined)
  await client.delete(KUBERNETES.Namespace, undefined, NAMESPACE)
  await client.close()
})

async function established(name: string): Promise<WithConditions> {
  for (;;) {
    const crd = await client.get<WithConditions>(KUBERNETES.CustomResourceDefinition, undefined, name)
    if (crd.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True')) return crd
    await sleep(50)
  }
}

describe('CRDs in a real apiserver', () => {
  it('are structural, and every name is theirs', async () => {
    const complaints = await inTurns(allCrds(), async ({ metadata }) => {
      const conditions = (await established(metadata.name)).status?.conditions ?? []
      const bad = conditions.filter(({ type, status }) =>
        type === 'Established' || type === 'NamesAccepted' ? status !== 'True' : status === 'True',
      )
      return bad.length > 0 ? `${metadata.name}: ${JSON.stringify(bad)}` : undefined
    })
    expect(complaints).toEqual([])
  })

  it.each(KINDS.map(({ kind }) => kind))('%s: the minimal object is stored, with status -1 where there is one', async (name) => {
    const kind = kindNamed(name)!
    const manifest = minimal(name, { namespace: NAMESPACE })
    const stored = await client.create<Stored>(kind.gvr, manifest.metadata.namespace, manifest)
    expect(stored.status).toEqual(kind.status ? { observedGeneration: -1 } : undefined)
    expect(stored.spec).toMatchObject(manifest.spec)
  })

  it('a workspace needs no spec, and keeps what it does not know', async () => {
    const { spec: _, ...bare } = minimal('Workspace', { name: 'bare', namespace: NAMESPACE })
    const { gvr } = kindNamed('Workspace')!
    expect(await client.create<Stored>(gvr, NAMESPACE, bare)).toMatchObject({ spec: {} })
    const free = minimal('Workspace', { name: 'free', namespace: NAMESPACE, spec: { team: { lead: 'ann', sizes: [1, 2] } } })
    expect(await client.create<Stored>(gvr, NAMESPACE, free)).toMatchObject({ spec: free.spec })
  })

  it('a later default never overrides what status says', async () => {
    const { gvr } = kindNamed('PublicIp')!
    const manifest = minimal('PublicIp', { name: 'with-status', namespace: NAMESPACE })
    await client.create(gvr, NAMESPACE, manifest)
    const patch = { type: 'merge', body: { status: { observedGeneration: 1, state: 'active' } }, subresource: 'status' } as const
    await client.patch(gvr, NAMESPACE, 'with-status', patch)
    expect((await client.get<Stored>(gvr, NAMESPACE, 'with-status')).status).toEqual({ observedGeneration: 1, state: 'active' })
    const page = await client.list<Stored>(gvr, { namespace: NAMESPACE, fieldSelector: 'status.state=active' }).next()
    expect(page.done ? [] : page.value.items.map(({ metadata }) => metadata.name)).toEqual(['with-status'])
  })
})

describe('bad manifests', () => {
  let refused = 0

  const check = (cases: readonly Case[]) =>
    inTurns(cases, async ({ title, manifest, field, says: text }) => {
      const error = await tried(manifest)
      if (!says(error, field, text)) return `${title} wants ${field}: ${text}; got ${error ? JSON.stringify(error.causes) : 'accepted'}`
      refused += 1
      return undefined
    })

  it('break one constraint each, and are refused for it', async () => {
    expect(await check(brokenConstraints())).toEqual([])
  })

  it('break a rule on a name, a form or several fields', async () => {
    expect(await check(REFUSED)).toEqual([])
  })

  it('are accepted right at the edge of every constraint', async () => {
    const cases = keptConstraints()
    expect(cases.length).toBeGreaterThan(150)
    const complaints = await inTurns(cases, async ({ title, manifest }) => {
      const error = await tried(manifest)
      return error ? `${title}: ${error.message}` : undefined
    })
    expect(complaints).toEqual([])
  })

  it('our own validation says the same about the contract fields', () => {
    const isOwn = ({ manifest, field }: Case) => {
      const [name] = field.replace(/^spec\./, '').split(/[.[]/)
      return (
        field.startsWith('spec.') &&
        Object.hasOwn(kindNamed(manifest.kind)!.spec.shape, name ?? '') &&
        !field.includes('tenantCredentials[1]')
      )
    }
    const missed = [...brokenConstraints(), ...REFUSED].filter(isOwn).filter(({ manifest, field }) => {
      const result = validateSpec(kindNamed(manifest.kind)!, manifest.spec)
      const pointer = `/${field.replaceAll(/\[(\d+)\]/g, '.$1').replaceAll('.', '/')}`
      return result.ok || !result.issues.some((issue) => pointer.startsWith(issue.pointer))
    })
    expect(missed.map(({ title }) => title)).toEqual([])
    const strict = keptConstraints().filter(({ manifest }) => !validateSpec(kindNamed(manifest.kind)!, manifest.spec).ok)
    expect(strict.map(({ title }) => title)).toEqual([])
  })

  it('change what is fixed', async () => {
    const complaints = await inTurns([...REFUSED_CHANGES.entries()], async ([index, { kind, before, patches, field, says: text }]) => {
      const base = minimal(kind)
      const manifest = inNamespace(minimal(kind, { name: `${base.metadata.name}-change-${index}`, spec: before }))
      const gvr = gvrOf(manifest)
      const { name, namespace } = manifest.metadata
      await client.create(gvr, namespace, manifest)
      const patch = (body: object) => client.patch(gvr, namespace, name, { type: 'merge', body })
      for (const body of patches.slice(0, -1)) await patch(body)
      const error = await patch(patches.at(-1)!).then(() => undefined, refusal)
      if (!gvr.namespaced) await client.delete(gvr, namespace, name)
      if (!says(error, field, text))
        return `${kind} ${JSON.stringify(patches)} wants ${field}: ${text}; got ${error ? JSON.stringify(error.causes) : 'accepted'}`
      refused += 1
      return undefined
    })
    expect(complaints).toEqual([])
  })

  it('were many', () => {
    console.log(`${refused} bad manifests and changes were refused, each by name of the field and the rule`)
    expect(refused).toBeGreaterThan(150)
  })
})

describe('large objects', () => {
  const reference = (index: number) => ({ resource: `workspaces/${'w'.repeat(40)}/instances/${'i'.repeat(60)}-${index}` })

  it('a role of 65 536 names and 512 patterns passes the cost of the rules', async () => {
    const names = (of: number) => Array.from({ length: 256 }, (_, index) => `skus/${of}-${index}`)
    const permissions = Array.from({ length: 256 }, (_, of) => ({
      provider: 'seca.compute',
      resources: of < 2 ? names(of).map((name) => `${name}*`) : names(of),
      verb: ['get'],
    }))
    expect(await tried(minimal('Role', { name: 'large', spec: { permissions } }))).toBeUndefined()
  })

  it('500 inline rules with everything in them pass the cost of the rules', async () => {
    const rule = (index: number) => ({
      direction: 'ingress',
      version: 'IPv4',
      protocol: 'tcp+udp',
      ports: { from: 1, to: 65_535, list: Array.from({ length: 20 }, (_, port) => port + 1) },
      icmp: { type: 8, code: 0 },
      sourceRef: Array.from({ length: 8 }, (_, source) => reference(index * 8 + source)),
      annotations: { why: 'x'.repeat(200) },
    })
    const spec = {
      rules: Array.from({ length: 500 }, (_, index) => rule(index)),
      ruleRefs: Array.from({ length: 500 }, (_, index) => reference(index)),
    }
    expect(await tried(minimal('SecurityGroup', { spec }))).toBeUndefined()
  })

  it('1000 routes pass, change and keep their rules', async () => {
    const { gvr } = kindNamed('RouteTable')!
    const routes = Array.from({ length: 1000 }, (_, index) => ({
      destinationCidrBlock:
        index % 2 ? `fd00:1234:5678:9abc:def0:1234:${index.toString(16)}:0/112` : `10.${index >> 8}.${index & 255}.0/24`,
      targetRef: reference(index),
    }))
    const manifest = minimal('RouteTable', { name: 'network-1.large', namespace: NAMESPACE, spec: { routes } })
    await client.create(gvr, NAMESPACE, manifest)
    const body = { spec: { routes: routes.toReversed() } }
    await client.patch(gvr, NAMESPACE, 'network-1.large', { type: 'merge', body })
    const bad = { spec: { routes: routes.with(999, { ...routes[0]!, destinationCidrBlock: 'nowhere' }) } }
    const error = await client.patch(gvr, NAMESPACE, 'network-1.large', { type: 'merge', body: bad }).then(() => undefined, refusal)
    expect(error?.causes.map(({ field }) => field)).toEqual(['spec.routes[999].destinationCidrBlock'])
  })

  it('a status with a state for each of 1000 routes fits', async () => {
    const { gvr } = kindNamed('RouteTable')!
    const item = {
      state: 'pending',
      conditions: [{ state: 'pending', lastTransitionAt: new Date().toISOString(), reason: 'ReferenceNotFound', message: 'm'.repeat(200) }],
    }
    const body = { status: { routes: Array.from({ length: 1000 }, () => item) } }
    const stored = await client.patch<Stored>(gvr, NAMESPACE, 'network-1.large', { type: 'merge', body, subresource: 'status' })
    expect(stored.status?.['routes']).toEqual(body.status.routes)
  })
})

describe('rights and policies', () => {
  const asUser = async (user: string, resource: object) => {
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, groups: ['system:authenticated'], resourceAttributes: resource },
    }
    const answer = await client.raw<{ status: { allowed: boolean } }>('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review)
    return answer.status.allowed
  }
  it('the controllers reach no Secret outside their namespace, and everyone reads the catalogue', async () => {
    const controllers = `system:serviceaccount:${OPERATOR_NAMESPACE}:${SERVICE_ACCOUNT}`
    const may = (group: string, resource: string, verb: string, namespace?: string) =>
      asUser(controllers, { group, resource, verb, namespace })
    expect(await may('network.secapi.cloud', 'nics', 'patch', 'anywhere')).toBe(true)
    expect(await may('network.secapi.cloud', 'nics', 'create', 'anywhere')).toBe(false)
    expect(await may('workspace.secapi.cloud', 'workspaces', 'delete', 'anywhere')).toBe(false)
    expect(await may('', 'secrets', 'get', OPERATOR_NAMESPACE)).toBe(true)
    expect(await may('', 'secrets', 'list', OPERATOR_NAMESPACE)).toBe(false)
    expect(await may('', 'secrets', 'get', 'anywhere')).toBe(false)
    const catalog = { group: 'compute.secapi.cloud', verb: 'list' }
    expect(await asUser('anyone', { ...catalog, resource: 'instanceskus' })).toBe(true)
    expect(await asUser('anyone', { ...catalog, resource: 'instances' })).toBe(false)
  })

  it('only who may bind tenants says whose a namespace is', async () => {
    const name = `${NAMESPACE}-bob`
    const role = { apiGroups: [''], resources: ['namespaces', 'namespaces/status'], verbs: ['create', 'get', 'patch', 'delete'] }
    const apiVersion = 'rbac.authorization.k8s.io/v1'
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name }
    const subjects = [{ kind: 'ServiceAccount', name: 'bob', namespace: NAMESPACE }]
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bob', namespace: NAMESPACE } }
    await applyObject(client, KUBERNETES.ServiceAccount, account)
    await applyObject(client, KUBERNETES.ClusterRole, { apiVersion, kind: 'ClusterRole', metadata: { name }, rules: [role] })
    await applyObject(client, KUBERNETES.ClusterRoleBinding, {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef,
      subjects,
    })
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
    const token = await client.raw<{ status: { token: string } }>(
      'POST',
      `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/bob/token`,
      request,
    )
    const bob = connect({ kubeconfig: await asBearer(inject('kubeconfig'), token.status.token), userAgent: 'seca-e2e-bob' })

    const patch = (of: typeof client, labels: Record<string, string | null>, subresource?: string) =>
      of
        .patch(KUBERNETES.Namespace, undefined, name, {
          type: 'merge',
          body: { metadata: { labels } },
          ...(subresource ? { subresource } : {}),
        })
        .then(
          () => 'done',
          (error: unknown) => (error as ApiError).message,
        )
    const denied = /only those may change them who may bind tenants/
    try {
      // The policy is compiled in the background; until it is there, nothing is denied.
      await bob.create(KUBERNETES.Namespace, undefined, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      while ((await patch(bob, { 'secapi.cloud/tenant': 'mine' })) === 'done') await sleep(100)
      expect(await patch(bob, { plain: 'label' })).toBe('done')
      expect(await patch(client, { 'secapi.cloud/tenant': 'acme' })).toBe('done')
      expect(await patch(bob, { 'secapi.cloud/tenant': 'mine' })).toMatch(denied)
      expect(await patch(bob, { 'secapi.cloud/tenant': null })).toMatch(denied)
      expect(await patch(bob, { 'secapi.cloud/workspace': 'prod' })).toMatch(denied)
      expect(await patch(bob, { 'secapi.cloud/tenant': 'mine' }, 'status')).toMatch(denied)
      expect(await patch(bob, { plain: 'again' })).toBe('done')
    } finally {
      await client.delete(KUBERNETES.Namespace, undefined, name)
      await client.delete(KUBERNETES.ClusterRoleBinding, undefined, name)
      await client.delete(KUBERNETES.ClusterRole, undefined, name)
      await bob.close()
    }
  })
})

/** The kubeconfig with a token in place of the administrator's certificate; returns the new file's path. */
async function asBearer(path: string, token: string): Promise<string> {
  const { readFile, writeFile } = await import('node:fs/promises')
  const { parse, stringify } = await import('yaml')
  const config = parse(await readFile(path, 'utf8')) as { users: { name: string; user: object }[] }
  const target = `${path}-bob`
  await writeFile(target, stringify({ ...config, users: config.users.map(({ name }) => ({ name, user: { token } })) }))
  return target
}
