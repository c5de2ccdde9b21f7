import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { apiServices } from '../../src/api/door/api-services.ts'
import { ApiConfig, ControllersConfig, DoctorConfig, SimulatorConfig } from '../../src/cli/config.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { parseDeclared } from '../../src/duties/declared-file.ts'
import { API_SERVICE_ACCOUNT, SERVICE_ACCOUNT } from '../../src/processes/install.ts'
import { allCrds } from '../../src/schema/crd.ts'
import { apiRoles, controllerRoles, userRoles } from '../../src/schema/rbac.ts'
import { CHART, helm } from '../support/helm.ts'
import { kubectl, OPERATOR_NAMESPACE } from '../support/harness.ts'
import { ALL, LEAST, podTemplates, rendered, type Rendered, type Values } from './rendered.ts'

const SETS: readonly { readonly what: string; readonly values: Values }[] = [
  { what: 'nothing but the issuer', values: LEAST },
  { what: 'everything', values: ALL },
  {
    what: 'a certificate that is there, and one replica',
    values: {
      ...LEAST,
      certificates: { mode: 'existing' },
      api: { replicas: 1 },
      controllers: { replicas: 1 },
      aggregation: { enabled: false },
    },
  },
]
/** Kinds that an operator of somebody else brings. */
const FOREIGN = ['ServiceMonitor', 'PrometheusRule', 'Certificate', 'TLSRoute']

/** A pod is tried where its ServiceAccount is there. */
const isForApiserver = ({ kind }: Rendered) => !FOREIGN.includes(kind) && kind !== 'Pod'

const named = (objects: readonly Rendered[], kind: string, name: string) => {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name)
  if (found === undefined) throw new Error(`no ${kind} ${name} is rendered`)
  return found
}
const idOf = ({ kind, metadata: { namespace = '', name } }: Rendered) => `${kind} ${namespace}/${name}`
const without = (key: string, from: object) => Object.fromEntries(Object.entries(from).filter(([name]) => name !== key))
/** What the apiserver says of them, each for itself, by strict schemas; nothing is kept. */
const tried = (objects: readonly object[], ...how: string[]) =>
  kubectl([...how, '--dry-run=server', '--validate=strict', '--filename', '-'], {
    input: objects.map((one) => stringify(one)).join('---\n'),
  })
const applied = (objects: readonly object[]) => tried(objects, 'apply', '--server-side', '--force-conflicts')

describe('the chart', () => {
  it.each(SETS)('passes Helm’s own check with $what', async ({ values }) => {
    const args = ['lint', '--strict', CHART, '--namespace', OPERATOR_NAMESPACE, '--values', '-']
    expect(await helm(args, { input: JSON.stringify(values) })).toContain('0 chart(s) failed')
  })

  it.each<{ what: string; values: Values; words: RegExp }>([
    { what: 'no issuer of tokens', values: {}, words: /tokens\.issuer is needed: whose tokens the API takes/ },
    { what: 'a key that there is none of', values: { ...LEAST, replicas: 3 }, words: /replicas/ },
    { what: 'one that is misspelt', values: { ...LEAST, api: { replica: 3 } }, words: /replica/ },
    { what: 'no pods', values: { ...LEAST, api: { replicas: 0 } }, words: /replicas/ },
    { what: 'a time without a unit', values: { ...LEAST, api: { drain: '10' } }, words: /drain/ },
    {
      what: 'replicas that would not know each other',
      values: { ...LEAST, certificates: { mode: 'existing' } },
      words: /api\.peerSecret is needed/,
    },
    {
      what: 'a signer that is not named',
      values: { ...LEAST, certificates: { mode: 'certManager' }, api: { peerSecret: 'p' } },
      words: /issuerRef is needed/,
    },
    {
      what: 'a Secret of the simulator without its CA',
      values: { ...LEAST, simulator: { enabled: true, existingSecret: 's' } },
      words: /simulator\.ca is needed/,
    },
    {
      what: 'a tenant whose namespace it has no rights in',
      values: { ...LEAST, namespaces: ['acme-prod'], declared: { tenants: { acme: { namespace: 'acme' } } } },
      words: /declared\.tenants\.acme: its namespace acme is not in namespaces/,
    },
    {
      what: 'images of the simulator where it has no rights',
      values: { ...LEAST, namespaces: ['acme'], simulator: { enabled: true } },
      words: /which is not in namespaces: add it there/,
    },
    { what: 'an Ingress of no host', values: { ...LEAST, ingress: { enabled: true } }, words: /ingress\.host is needed/ },
    {
      what: 'a route of no Gateway',
      values: { ...LEAST, gateway: { enabled: true, hostnames: ['a'] } },
      words: /gateway\.parentRefs is needed/,
    },
  ])('refuses $what, and says so', async ({ values, words }) => {
    await expect(rendered(values)).rejects.toThrow(words)
  })

  it('says the same each time, where Helm cannot look into a cluster', async () => {
    const values = { ...ALL, simulator: { enabled: true, existingSecret: 'simulator', ca: 'PEM' } }
    expect(await rendered(values)).toEqual(await rendered(values))
  })
})

describe.each(SETS)('objects of $what', ({ values }) => {
  let objects: readonly Rendered[]
  beforeAll(async () => {
    objects = await rendered(values)
  })

  it('are as the apiserver wants them', async () => {
    const served = objects.filter(isForApiserver)
    const answer = await applied(served)
    expect(answer.trim().split('\n')).toHaveLength(served.length)
    expect(answer).not.toMatch(/warning/i)
  })

  it('are in the namespace of the release, or carry its name', () => {
    const cluster = new Set([
      'ClusterRole',
      'ClusterRoleBinding',
      'CustomResourceDefinition',
      'APIService',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
    ])
    const isAtHome = ({ kind, metadata: { name, namespace } }: Rendered) =>
      cluster.has(kind)
        ? namespace === undefined
        : namespace === OPERATOR_NAMESPACE || (namespace === 'kube-system' && name.includes(OPERATOR_NAMESPACE))
    expect(objects.filter((one) => !isAtHome(one)).map(idOf)).toEqual([])
  })

  it('are each there once, and none is what the operator itself keeps', () => {
    const ids = objects.map(idOf)
    expect(ids.toSorted()).toEqual([...new Set(ids)].toSorted())
    for (const one of objects) {
      expect(one.apiVersion, idOf(one)).not.toMatch(/secapi\.cloud/)
      expect(JSON.stringify(one.spec ?? {}), idOf(one)).not.toContain('caBundle')
    }
    for (const name of ['seca-api-tls', 'seca-api-tls-ca', 'certificate', 'seca-installation'])
      expect(ids.filter((id) => /^(Secret|ConfigMap) /.test(id) && id.endsWith(`/${name}`))).toEqual([])
    expect(ids.filter((id) => id.startsWith('APIService ')).length).toBeLessThanOrEqual(1)
  })

  it('give no right to everything, none to more rights, and none to look through Secrets', () => {
    const rules = objects.flatMap((one) => (one.rules ?? []).map((rule) => ({ ...rule, of: idOf(one) })))
    expect(rules.length).toBeGreaterThan(20)
    for (const { apiGroups, resources, verbs, of } of rules) {
      expect([...apiGroups, ...resources, ...verbs].join(' '), of).not.toContain('*')
      for (const verb of ['escalate', 'impersonate']) expect(verbs, of).not.toContain(verb)
    }
    const of = (isMeant: (rule: (typeof rules)[number]) => boolean) => rules.filter(isMeant)
    const binding = of(({ verbs }) => verbs.includes('bind'))
    expect(binding.map(({ apiGroups, resources }) => [apiGroups, resources])).toEqual([[['operator.secapi.cloud'], ['tenants']]])
    const looking = ['list', 'watch', 'deletecollection']
    expect(of(({ resources, verbs }) => resources.includes('secrets') && verbs.some((verb) => looking.includes(verb)))).toEqual([])
  })

  it('start processes with settings that they take', () => {
    const schemas = {
      'seca-controllers': ControllersConfig,
      'seca-api': ApiConfig,
      'seca-doctor': DoctorConfig,
      'seca-simulator': SimulatorConfig,
    }
    for (const [name, { spec }] of podTemplates(objects)) {
      const [subcommand = '', ...args] = spec.containers[0]?.args ?? []
      expect(name).toBe(`seca-${subcommand}`)
      const env = { SECA_SIMULATOR_TOKEN: 't', SECA_SIMULATOR_ADMIN_TOKEN: 'a' }
      expect(() => loadSettings(schemas[name as keyof typeof schemas], { args, env }), name).not.toThrow()
    }
  })

  it('are waited for as long as processes need to end', () => {
    const api = podTemplates(objects).get('seca-api')?.spec
    const drain = /--drain=(\d+)s/.exec(api?.containers[0]?.args.join(' ') ?? '')?.[1]
    // What comes after the drain: connections that end, and replicas that are told.
    expect(api?.['terminationGracePeriodSeconds']).toBeGreaterThanOrEqual(Number(drain) + 20)
  })

  it('let users of the cluster ask for every path that there is an APIService of, if any', () => {
    const regions = Object.keys((values['declared'] as { regions: object } | undefined)?.regions ?? {})
    const gate = objects.filter(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'seca-api-gate')
    const isOpen = objects.some(({ kind }) => kind === 'APIService')
    expect(gate).toHaveLength(isOpen ? 1 : 0)
    const wanted = apiServices({ regions, service: { namespace: 'n', name: 'n', port: 443 }, ca: '' }).map(({ spec }) => spec.group)
    const open = gate.flatMap(({ rules = [] }) => rules.flatMap(({ apiGroups }) => apiGroups))
    expect(wanted.filter((group) => !open.includes(group))).toEqual(isOpen ? [] : wanted)
  })
})

describe('pods', () => {
  const namespace = 'seca-chart-restricted'
  let objects: readonly Rendered[]
  beforeAll(async () => {
    objects = await rendered(ALL, { namespace })
    await kubectl(['create', 'namespace', namespace])
    await kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted'])
    await kubectl(['apply', '--filename', '-'], {
      input: objects
        .filter(({ kind }) => kind === 'ServiceAccount')
        .map((one) => stringify(one))
        .join('---\n'),
    })
  })
  afterAll(() => kubectl(['delete', 'namespace', namespace, '--wait=false']))

  const pod = (name: string, template: object) => ({ apiVersion: 'v1', kind: 'Pod', ...template, metadata: { name, namespace } })

  it('are as the pod security standard `restricted` has it', async () => {
    const templates = podTemplates(objects)
    expect([...templates.keys()].toSorted()).toEqual(['seca-api', 'seca-controllers', 'seca-doctor', 'seca-simulator'])
    for (const [name, template] of templates) expect(await tried([pod(name, template)], 'create')).toContain('created (server dry run)')
  })

  it('would be refused were they not', async () => {
    const template = podTemplates(objects).get('seca-api')
    const { spec } = template ?? { spec: {} }
    await expect(tried([pod('loose', { spec: without('securityContext', spec) })], 'create')).rejects.toThrow(
      /violates PodSecurity "restricted/,
    )
  })

  it('have nothing to write to but what is theirs, and a token only where they need one', () => {
    for (const [name, { spec }] of podTemplates(objects)) {
      expect(spec.containers[0]?.['securityContext'], name).toMatchObject({ readOnlyRootFilesystem: true })
      expect(spec['automountServiceAccountToken'], name).toBe(name !== 'seca-simulator')
    }
  })
})

describe('names', () => {
  it('hold for the longest release and namespace', async () => {
    const name = 'r'.repeat(53)
    const namespace = 'n'.repeat(63)
    const objects = await rendered({ ...ALL, aggregation: { enabled: true } }, { name, namespace })
    for (const one of objects) {
      if (one.kind === 'CustomResourceDefinition' || one.kind.startsWith('ClusterRole') || one.metadata.namespace === 'kube-system')
        continue
      expect(one.metadata.name.length, idOf(one)).toBeLessThanOrEqual(63)
    }
    await kubectl(['create', 'namespace', namespace])
    try {
      await applied(objects.filter((one) => isForApiserver(one) && one.kind !== 'CustomResourceDefinition'))
    } finally {
      await kubectl(['delete', 'namespace', namespace, '--wait=false'])
    }
  })

  it('of versions that Flux makes up for a commit are labels that the apiserver takes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'seca-chart-'))
    const version = `0.1.0+${'0123456789abcdef'.repeat(4)}`
    try {
      await helm(['package', CHART, '--version', version, '--destination', folder])
      const chart = join(folder, `seca-operator-${version}.tgz`)
      const objects = await rendered(LEAST, { chart })
      expect(named(objects, 'Service', 'seca-api').metadata.labels?.['helm.sh/chart']).toMatch(/^seca-operator-0\.1\.0_0123456789a/)
      await applied(objects.filter((one) => isForApiserver(one) && one.kind !== 'CustomResourceDefinition'))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('are not shared by two releases, but for what there is one of in a cluster', async () => {
    const [one, other] = await Promise.all(['first', 'second'].map((namespace) => rendered(ALL, { name: namespace, namespace })))
    const ids = new Set(other?.map(idOf))
    const shared = (one ?? []).filter((object) => ids.has(idOf(object)))
    expect([...new Set(shared.map(({ kind }) => kind))].toSorted()).toEqual([
      'APIService',
      'ClusterRole',
      'ClusterRoleBinding',
      'CustomResourceDefinition',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
    ])
  })
})

describe('namespaces', () => {
  it('pass Helm’s own check with everything', async () => {
    const args = ['lint', '--strict', CHART, '--namespace', OPERATOR_NAMESPACE, '--values', '-']
    const values = { ...ALL, namespaces: ['seca-seca', 'seca-acme', 'seca-bare', 'their-own'] }
    expect(await helm(args, { input: JSON.stringify(values) })).toContain('0 chart(s) failed')
  })

  it('give rights in the namespaces alone that the values name', async () => {
    const namespaces = ['acme', 'acme-prod']
    const objects = await rendered({
      ...LEAST,
      namespaces,
      aggregation: { enabled: false },
      certificates: { mode: 'existing' },
      api: { replicas: 1 },
    })
    const wanted = [
      ...userRoles(),
      ...controllerRoles(OPERATOR_NAMESPACE, SERVICE_ACCOUNT, namespaces),
      ...apiRoles(OPERATOR_NAMESPACE, API_SERVICE_ACCOUNT, namespaces),
    ] as unknown as Rendered[]
    const byId = (all: readonly Rendered[]) => Object.fromEntries(all.map((one) => [idOf(one), one]))
    const isRight = ({ apiVersion, metadata }: Rendered) =>
      apiVersion === 'rbac.authorization.k8s.io/v1' && metadata.annotations?.['helm.sh/hook'] === undefined
    expect(byId(objects.filter(isRight))).toEqual(byId(wanted))
    for (const name of ['seca-controllers', 'seca-api'])
      expect(podTemplates(objects).get(name)?.spec.containers[0]?.args).toContain('--namespaces=acme,acme-prod')
  })
})

describe('a change of values', () => {
  const restarted = async (before: Values, after: Values) => {
    const [old, next] = [podTemplates(await rendered(before)), podTemplates(await rendered(after))]
    return [...old].filter(([name, template]) => JSON.stringify(template) !== JSON.stringify(next.get(name))).map(([name]) => name)
  }
  const values = { ...ALL, simulator: { enabled: true, existingSecret: 'simulator', ca: 'PEM' } }
  const change = (key: string, more: object) => ({ ...values, [key]: { ...(ALL[key] as object), ...more } })

  it.each<{ what: string; after: Values }>([
    { what: 'what is declared', after: change('declared', { tenants: { more: {} } }) },
    { what: 'the keys of the issuer', after: change('tokens', { keys: '{"keys":[{}]}' }) },
    { what: 'the CAs that vouch for the issuer', after: change('tokens', { ca: 'another' }) },
    { what: 'monitoring', after: change('monitoring', { serviceMonitor: { enabled: false } }) },
    { what: 'hosts of a certificate from elsewhere', after: change('certificates', { hosts: ['other.example'] }) },
    { what: 'who reaches the pods', after: change('networkPolicy', { enabled: false }) },
    { what: 'paths of more regions', after: change('aggregation', { regions: ['de-1'] }) },
  ])('restarts nobody that concerns $what', async ({ after }) => {
    expect(await restarted(values, after)).toEqual([])
  })

  it('restarts those alone whose flags it changes', async () => {
    expect(await restarted(values, change('api', { logLevel: 'debug' }))).toEqual(['seca-api'])
    expect(await restarted(values, change('controllers', { logLevel: 'debug' }))).toEqual(['seca-controllers'])
  })
})

describe('what is declared', () => {
  const declaredBy = async (values: Values) => named(await rendered(values), 'ConfigMap', 'seca-declared').data?.['declared.yaml'] ?? ''

  it.each<{ what: string; values: Values }>([
    { what: 'the values', values: ALL },
    { what: 'a trial', values: { ...LEAST, simulator: { enabled: true } } },
  ])('by $what is read by the controllers, and taken by the apiserver', async ({ values }) => {
    const text = await declaredBy(values)
    const found = parseDeclared(text)
    expect(found.map(({ gvr }) => gvr.kind)).toEqual(expect.arrayContaining(['Namespace', 'Region', 'CloudProvider', 'StorageSku']))
    const documents = parseAllDocuments(text).map((document) => document.toJS() as Rendered)
    const namespaces = documents.filter(({ kind }) => kind === 'Namespace')
    await applied(documents.filter(({ kind }) => kind !== 'RoleAssignment'))
    // What is in a namespace can be tried only where that is.
    const inside = documents.filter(({ kind }) => kind === 'RoleAssignment')
    if (inside.length === 0) return
    await kubectl(['apply', '--filename', '-'], { input: namespaces.map((one) => stringify(one)).join('---\n') })
    try {
      await applied(inside)
    } finally {
      await kubectl(['delete', 'namespace', '--wait=false', ...namespaces.map(({ metadata }) => metadata.name)])
    }
  })

  it('is nothing where the values declare nothing, and then nothing is mounted', async () => {
    const objects = await rendered(LEAST)
    expect(objects.filter(({ metadata }) => metadata.name === 'seca-declared')).toEqual([])
    expect(podTemplates(objects).get('seca-controllers')?.spec['volumes']).toBeUndefined()
  })

  it('holds no token: credentials are Secrets', async () => {
    const objects = await rendered({ ...LEAST, simulator: { enabled: true } })
    const secret = named(objects, 'Secret', 'seca-simulator')
    const token = Buffer.from(secret.data?.['token'] ?? '', 'base64').toString('utf8')
    expect(token).toMatch(/^\w{32}$/)
    expect(JSON.stringify(objects.filter((one) => one !== secret))).not.toContain(token)
  })
})

describe('kinds', () => {
  it('are those of this version, and stay when the chart goes', async () => {
    const rest = ({ metadata, ...crd }: Rendered) => ({
      ...crd,
      metadata: { ...metadata, annotations: without('helm.sh/resource-policy', metadata.annotations ?? {}) },
    })
    const crds = (await rendered(LEAST)).filter(({ kind }) => kind === 'CustomResourceDefinition')
    const sorted = <T extends { metadata: { name: string } }>(list: readonly T[]) =>
      list.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    expect(sorted(crds.map(rest))).toEqual(sorted(allCrds().map((crd) => rest(crd as unknown as Rendered))))
    for (const { metadata } of crds) expect(metadata.annotations?.['helm.sh/resource-policy'], metadata.name).toBe('keep')
  })

  it('can be left to somebody else', async () => {
    const objects = await rendered({ ...LEAST, crds: { install: false } })
    expect(objects.filter(({ kind }) => kind === 'CustomResourceDefinition')).toEqual([])
  })
})

describe('monitoring', () => {
  it('has alerts and dashboard as they are in the files, untouched by templates', async () => {
    const objects = await rendered(ALL)
    const file = (name: string) => readFileSync(join(CHART, 'files', name), 'utf8')
    expect(named(objects, 'PrometheusRule', 'seca-operator').spec).toEqual(parse(file('alerts.yaml')))
    expect(named(objects, 'ConfigMap', 'seca-dashboard').data?.['seca-operator.json']).toBe(file('dashboard.json'))
  })

  it('names jobs as the alerts do, and finds Services that are for it alone', async () => {
    const objects = await rendered(ALL)
    for (const name of ['seca-controllers', 'seca-api']) {
      const { endpoints, selector } = named(objects, 'ServiceMonitor', name).spec as {
        endpoints: { relabelings: object[] }[]
        selector: { matchLabels: Record<string, string> }
      }
      expect(endpoints[0]?.relabelings).toEqual([{ targetLabel: 'job', replacement: name }])
      const labelsOf = ({ metadata }: Rendered) => (metadata as { labels?: Record<string, string> }).labels ?? {}
      const found = objects.filter(
        (one) => one.kind === 'Service' && Object.entries(selector.matchLabels).every(([key, value]) => labelsOf(one)[key] === value),
      )
      expect(found.map(({ metadata }) => metadata.name)).toEqual([`${name}-metrics`])
    }
  })
})
