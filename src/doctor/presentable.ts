import { PROVIDERS } from '../../providers/index.ts'
import { kindNamed } from '../kinds/index.ts'
import { KEPT } from '../kinds/names.ts'
import type { Deployment, Pod } from './workloads.ts'

/** Names of fields that hold secrets, or what people put secrets into; values of those are nobody's business. */
const SECRET_LIKE = /user.?data|password|passwd|passphrase|token|secret|credential|private.?key|api.?key|ssh.?key/i
/** Names of Secrets, not what they hold. */
const REFERENCES = new Set(['credentialsSecretRef', 'tenantCredentials'])
const LEFT_OUT = '[left out]'

type Map = Readonly<Record<string, unknown>>
const isMap = (value: unknown): value is Map => typeof value === 'object' && value !== null && !Array.isArray(value)
const mapValues = (map: Map, change: (value: unknown, key: string) => unknown): Map =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value, key)]))

function withoutSecrets(value: unknown, key = ''): unknown {
  if (REFERENCES.has(key)) return value
  if (SECRET_LIKE.test(key) && value !== undefined && value !== null) return LEFT_OUT
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item))
  return isMap(value) ? mapValues(value, withoutSecrets) : value
}

/** Free maps hold whatever somebody put there: the names are kept. */
const namesOnly = (map: unknown): unknown => (isMap(map) ? mapValues(map, () => LEFT_OUT) : map)

/** Ours say how an object is handled; of others, `kubectl apply` keeps the whole manifest in one. */
const annotationsOf = (annotations: unknown) =>
  isMap(annotations)
    ? mapValues(annotations, (value, key) => (key.startsWith('secapi.cloud/') && key !== KEPT ? value : LEFT_OUT))
    : undefined

function settingsOf(spec: Map): unknown {
  const { settings, type } = spec
  const known = PROVIDERS.find((provider) => provider.type === type)?.settings.shape ?? {}
  return isMap(settings)
    ? mapValues(settings, (value, key) => (Object.hasOwn(known, key) ? withoutSecrets(value, key) : LEFT_OUT))
    : settings
}

/** A resource of ours without what may be secret: user data, keys, free fields, annotations of others. */
export function presentable(object: Map): Map {
  const { metadata, spec, extensions, ...rest } = object
  const { managedFields: _managed, annotations, ...meta } = isMap(metadata) ? metadata : {}
  const kind = kindNamed(String(object['kind']))
  const fixed = kind?.freeSpec === true ? Object.keys(kind.kubeSpec.shape) : undefined
  const shown = isMap(spec)
    ? mapValues(spec, (value, key) => (fixed === undefined || fixed.includes(key) ? withoutSecrets(value, key) : LEFT_OUT))
    : spec
  return {
    ...rest,
    metadata: { ...meta, ...(annotations === undefined ? {} : { annotations: annotationsOf(annotations) }) },
    ...(shown === undefined
      ? {}
      : { spec: isMap(shown) && isMap(spec) && 'settings' in spec ? { ...shown, settings: settingsOf(spec) } : shown }),
    ...(extensions === undefined ? {} : { extensions: namesOnly(extensions) }),
  }
}

interface Container {
  readonly name: string
  readonly image?: string
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string }[]
  readonly resources?: unknown
}

/** Flags that name files of secrets are no secrets. */
const flagShown = (arg: string) => {
  const [flag = '', ...value] = arg.split('=')
  return SECRET_LIKE.test(flag) && !/-(file|issuer|audience|url|secret)$/.test(flag) && value.length > 0 ? `${flag}=${LEFT_OUT}` : arg
}

const containersOf = (containers: readonly Container[]) =>
  containers.map(({ name, image, args = [], env = [], resources }) => ({
    name,
    image,
    args: args.map((arg, index) =>
      SECRET_LIKE.test(args[index - 1] ?? '') && !arg.startsWith('--') && flagShown(`${args[index - 1]}=x`).endsWith(LEFT_OUT)
        ? LEFT_OUT
        : flagShown(arg),
    ),
    env: env.map((one) => one.name),
    resources,
  }))

const placeOf = ({ metadata: { name, namespace, creationTimestamp, deletionTimestamp, labels } }: Pick<Pod, 'metadata'>) => ({
  name,
  namespace,
  creationTimestamp,
  deletionTimestamp,
  labels,
})

/** A pod: what it runs and how it fares; of its environment the names alone. */
export const presentablePod = (pod: Pod): Map => ({
  metadata: placeOf(pod),
  node: pod.spec.nodeName,
  containers: containersOf(pod.spec.containers),
  status: pod.status,
})

export const presentableDeployment = (deployment: Deployment): Map => ({
  metadata: placeOf(deployment),
  replicas: deployment.spec.replicas,
  containers: containersOf(deployment.spec.template.spec.containers),
  status: deployment.status,
})
