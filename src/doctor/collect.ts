import { arch, platform, release } from 'node:os'
import about from '../../package.json' with { type: 'json' }
import { KINDS } from '../kinds/index.ts'
import { CloudProvider } from '../kinds/operator/cloud-provider.ts'
import type { Resource } from '../kinds/resource.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import type { KubeObject } from '../kube/gvr.ts'
import { allCrds } from '../schema/crd.ts'
import { all, type Exam, type Finding, find, isSeen, look, type Look } from './check.ts'
import { ourApiServices } from './checks/api-services.ts'
import type { Conditioned } from './conditions.ts'
import { presentable, presentableDeployment, presentablePod } from './presentable.ts'
import { asJson, asTable } from './report.ts'
import { deployments, type Pod, pods } from './workloads.ts'

export interface File {
  readonly path: string
  readonly text: string
}

/** Objects of a kind in a bundle: enough for an example of everything, and an end where there are very many. */
const MOST = 5_000
const LOG_LINES = 5_000
const LOG_BYTES = 5_000_000

const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`

/** Collects files, and what could not be read. Nothing here reads a Secret. */
export async function* collect(exam: Exam, findings: readonly Finding[]): AsyncGenerator<File> {
  const unread: string[] = []
  const take = <T>(path: string, seen: Look<T>, shown: (value: T) => unknown): File[] => {
    if (isSeen(seen)) return [{ path, text: json(shown(seen.value)) }]
    unread.push(`${path}: ${seen.why}`)
    return []
  }
  yield { path: 'doctor.txt', text: asTable(findings) }
  yield { path: 'doctor.json', text: asJson(findings) }
  yield { path: 'about.json', text: json(await versions(exam)) }
  for (const kind of KINDS) {
    const path = `resources/${kind.gvr.resource}.${kind.gvr.group}.json`
    const seen = await all<Resource>(exam, kind.gvr)
    if (isSeen(seen) && seen.value.length > MOST) unread.push(`${path}: the first ${MOST} of ${seen.value.length}`)
    yield* take(path, seen, (items) =>
      items.slice(0, MOST).map((item) => presentable(item as unknown as Readonly<Record<string, unknown>>)),
    )
  }
  for (const { metadata } of allCrds()) {
    type Crd = KubeObject & Conditioned & { readonly status?: { readonly storedVersions?: unknown } }
    const seen = await find<Crd>(exam, KUBERNETES.CustomResourceDefinition, undefined, metadata.name)
    yield* take(
      `kinds/${metadata.name}.json`,
      seen,
      (crd) => crd && { name: metadata.name, created: crd.metadata.creationTimestamp, status: crd.status },
    )
  }
  yield* take('namespaces.json', await all<KubeObject & Conditioned>(exam, KUBERNETES.Namespace), (items) =>
    items.filter((one) => isOurs(one, exam)).map(bare),
  )
  yield* take('leases.json', await all<KubeObject>(exam, KUBERNETES.Lease, { namespace: exam.namespace }), (items) => items.map(bare))
  yield* take('apiservices.json', await ourApiServices(exam), (items) =>
    items.map((item) => ({ ...bare(item), spec: { ...item.spec, caBundle: item.spec.caBundle?.length } })),
  )
  yield* take('events.json', await all<Event>(exam, KUBERNETES.Event), (items) => items.filter((one) => isAboutUs(one, exam)).map(bare))
  yield* take('deployments.json', await deployments(exam), (items) => items.map(presentableDeployment))
  const running = await pods(exam)
  yield* take('pods.json', running, (items) => items.map(presentablePod))
  for (const pod of isSeen(running) ? running.value : []) yield* logsOf(exam, pod, unread)
  yield { path: 'unread.txt', text: unread.length === 0 ? 'All of it could be read.\n' : `${unread.join('\n')}\n` }
}

async function versions(exam: Exam) {
  const kubernetes = await look(() => exam.client.raw('GET', '/version', undefined, { signal: exam.signal }))
  return {
    doctor: about.version,
    node: process.version,
    system: `${platform()} ${release()} ${arch()}`,
    at: new Date(exam.now()).toISOString(),
    namespace: exam.namespace,
    kubernetes: isSeen(kubernetes) ? kubernetes.value : kubernetes.why,
  }
}

interface Event extends KubeObject {
  readonly regarding?: { readonly apiVersion?: string }
}

const isOurs = ({ metadata: { name, labels = {} } }: KubeObject, { namespace }: Exam) =>
  name === namespace || name === 'default' || Object.keys(labels).some((label) => label.startsWith('secapi.cloud/'))
const isAboutUs = ({ metadata, regarding }: Event, { namespace }: Exam) =>
  metadata.namespace === namespace || /\.secapi\.cloud\//.test(regarding?.apiVersion ?? '')

/** Without what others keep in annotations, and who wrote which field. */
function bare<T extends KubeObject>(object: T) {
  const { managedFields: _managed, annotations, ...metadata } = object.metadata
  const own = Object.entries(annotations ?? {}).filter(
    ([key]) => key.startsWith('secapi.cloud/') && key !== 'secapi.cloud/api-certificates',
  )
  return { ...object, metadata: { ...metadata, annotations: Object.fromEntries(own) } }
}

async function* logsOf({ client, signal }: Exam, pod: Pod, unread: string[]): AsyncGenerator<File> {
  const { name, namespace = '' } = pod.metadata
  for (const container of pod.spec.containers)
    for (const previous of [false, true]) {
      const isRestarted = pod.status?.containerStatuses?.some((status) => status.name === container.name && status.restartCount > 0)
      if (previous && isRestarted !== true) continue
      const query = new URLSearchParams({
        container: container.name,
        tailLines: String(LOG_LINES),
        limitBytes: String(LOG_BYTES),
        previous: String(previous),
      })
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log?${query}`
      const seen = await look(() => client.raw<unknown>('GET', path, undefined, { signal }))
      const file = `logs/${name}/${container.name}${previous ? '.previous' : ''}.log`
      if (!isSeen(seen)) unread.push(`${file}: ${seen.why}`)
      // A single line of JSON comes parsed.
      else yield { path: file, text: typeof seen.value === 'string' ? seen.value : `${JSON.stringify(seen.value ?? '')}\n` }
    }
}

/**
 * Values of Secrets that might have slipped into a log or a message: those in the operator's namespace, as far as they may be read.
 * They stay in memory, to be taken out of the bundle.
 */
export async function secretsOf(exam: Exam): Promise<readonly string[]> {
  const listed = await all<Secret>(exam, KUBERNETES.Secret, { namespace: exam.namespace })
  const secrets = isSeen(listed) ? listed.value : await namedSecrets(exam)
  // Helm keeps its releases in Secrets: what is secret in one stands in the others as well.
  return secrets
    .filter(({ type }) => type !== 'helm.sh/release.v1')
    .flatMap(({ data = {} }) =>
      Object.entries(data).flatMap(([key, value]) =>
        NO_SECRETS.includes(key) ? [] : [Buffer.from(value, 'base64').toString('utf8'), value],
      ),
    )
}

interface Secret {
  readonly type?: string
  readonly data?: Readonly<Record<string, string>>
}
/** Keys of Secrets that everybody may know; blotting their values out would make the rest unreadable. */
const NO_SECRETS = ['ca.crt', 'tls.crt', 'namespace']

async function namedSecrets(exam: Exam) {
  const providers = await all<Resource<typeof CloudProvider>>(exam, CloudProvider.gvr)
  const names = isSeen(providers)
    ? providers.value.flatMap(({ spec }) => [spec.credentialsSecretRef.name, ...(spec.tenantCredentials ?? []).map(({ name }) => name)])
    : []
  const seen = await Promise.all(names.map((name) => find<Secret>(exam, KUBERNETES.Secret, exam.namespace, name)))
  return seen.flatMap((one) => (isSeen(one) && one.value !== undefined ? [one.value] : []))
}
