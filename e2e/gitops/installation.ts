import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { stringify } from 'yaml'
import { expect } from 'vitest'
import type { OutsideCloud } from '../support/cloud.ts'
import type { Files } from '../support/git.ts'
import { eventually } from '../support/harness.ts'
import { CHART } from '../support/helm.ts'
import { OPERATOR_NAMESPACE as NAMESPACE } from '../support/names.ts'
import type { TestNode } from '../support/node.ts'

const CHART_PATH = 'charts/seca-operator'

/** The chart as it stands in its repository. */
export function chartFiles(): Record<string, string> {
  const files = readdirSync(CHART, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name)
      return [join(CHART_PATH, relative(CHART, path)), readFileSync(path, 'utf8')]
    }),
  )
}

/** The same chart with another version. */
export function chartOf(version: string): Files {
  const path = join(CHART_PATH, 'Chart.yaml')
  return { [path]: chartFiles()[path]!.replace(/^version: .*$/m, `version: ${version}`) }
}

export const yamlOf = (objects: readonly object[]): string => objects.map((object) => stringify(object)).join('---\n')

interface Found {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly resourceVersion: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

/** An installation in pods as its tests look at it, whoever made it. */
export class Installation {
  readonly #node: TestNode
  readonly cloud: OutsideCloud

  constructor(node: TestNode, cloud: OutsideCloud) {
    this.#node = node
    this.cloud = cloud
  }

  kubectl(...args: string[]): Promise<string> {
    return this.#node.kubectl(args)
  }

  async all(...args: string[]): Promise<Found[]> {
    return (JSON.parse(await this.kubectl('get', ...args, '--output', 'json')) as { items: Found[] }).items
  }

  /** Objects of a kind in the operator's namespace, by their names. */
  async own(kind: string): Promise<ReadonlyMap<string, Found>> {
    return new Map((await this.all(kind, '--namespace', NAMESPACE)).map((object) => [object.metadata.name, object]))
  }

  /** Names of the pods of one of the Deployments. */
  async pods(component: string): Promise<string[]> {
    const selector = `app.kubernetes.io/component=${component}`
    return (await this.all('pods', '--namespace', NAMESPACE, '--selector', selector)).map(({ metadata }) => metadata.name).toSorted()
  }

  /** Flags that pods of a Deployment shall have. */
  async argsOf(deployment: string): Promise<string[]> {
    const path = 'jsonpath={.spec.template.spec.containers[0].args}'
    return JSON.parse(await this.kubectl('get', 'deployment', deployment, '--namespace', NAMESPACE, '--output', path)) as string[]
  }

  /** APIServices of the SECA API: the chart's, and those that the controllers make. */
  async apiServices(): Promise<Found[]> {
    return (await this.all('apiservices')).filter(({ spec }) => String(spec['group']).includes('seca.'))
  }

  /** Version of everything that the chart, Helm and the controllers keep, and of all resources: any write changes one. */
  async versions(): Promise<string[]> {
    const inside = ['deployments', 'services', 'configmaps', 'secrets', 'serviceaccounts', 'networkpolicies', 'poddisruptionbudgets']
    const outside = ['crds', 'apiservices', 'clusterroles', 'clusterrolebindings', 'validatingadmissionpolicies', 'namespaces']
    const objects = [
      await this.all(inside.join(), '--namespace', NAMESPACE),
      await this.all(outside.join()),
      await this.all('seca,seca-catalog', '--all-namespaces'),
    ]
    return objects.flat().map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.resourceVersion}`)
  }
}

/** All of it works: pods, paths behind kube-apiserver, and the example's resources. */
export async function expectWorking(installation: Installation): Promise<void> {
  const held = ({ status }: Found, type: string) => status?.conditions?.find((one) => one.type === type)?.status
  for (const name of ['seca-controllers', 'seca-api'])
    await installation.kubectl('rollout', 'status', `deployment/${name}`, '--namespace', NAMESPACE, '--timeout=120s')
  await eventually(async () => {
    const services = await installation.apiServices()
    expect(services.length).toBeGreaterThan(8)
    expect(services.filter((one) => held(one, 'Available') !== 'True').map(({ metadata }) => metadata.name)).toEqual([])
    // Those that were replaced are gone.
    for (const component of ['controllers', 'api']) expect(await installation.pods(component)).toHaveLength(2)
  })
  // By the name of a kind first: kubectl looks anew for those that it does not know, but not for the kinds of a category.
  expect((await installation.all('regions')).map((one) => [one.metadata.name, held(one, 'Ready')])).toEqual([['eu-1', 'True']])
  const resources = await installation.all('seca', '--namespace', 'seca-acme--prod')
  expect(resources.length).toBeGreaterThan(10)
  expect(resources.filter((one) => held(one, 'Ready') !== 'True').map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([])
}

/** Nothing is written while something else goes on, once what was under way has come to rest. */
export async function expectQuiet(installation: Installation, meanwhile: () => Promise<void>): Promise<void> {
  const rest = async () => {
    const before = await installation.versions()
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(await installation.versions()).toEqual(before)
    return before
  }
  const before = await eventually(rest, { timeoutMs: 120_000 })
  await meanwhile()
  expect(await installation.versions()).toEqual(before)
}

/** When the operator is taken away, kinds, resources and the cloud stay and no namespace is held up; given back, it finds everything. */
export async function expectKept(
  installation: Installation,
  { take, giveBack }: { take: () => Promise<unknown>; giveBack: () => Promise<unknown> },
): Promise<void> {
  const { admin } = installation.cloud
  const since = (await admin.stats()).lastMutation
  const state = async () => {
    const kinds = (await installation.all('crds')).map(({ metadata }) => metadata.name)
    return [kinds.filter((name) => name.endsWith('.secapi.cloud')), await installation.all('seca', '--all-namespaces')]
  }
  const before = await state()
  await take()
  await eventually(async () => {
    expect((await installation.apiServices()).map(({ metadata }) => metadata.name)).toEqual([])
    expect([...(await installation.own('deployments')).keys()]).toEqual([])
    expect([...(await installation.own('pods')).keys()]).toEqual([])
  })
  await installation.kubectl('create', 'namespace', 'passing')
  await installation.kubectl('delete', 'namespace', 'passing', '--timeout=30s')
  expect(await state()).toEqual(before)
  await giveBack()
  await expectWorking(installation)
  // Whatever it would do, it would do at its first look.
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  expect((await admin.mutations(since)).map(({ action, tag }) => `${action} ${tag}`)).toEqual([])
}
