import { groupsOf, versionsOf } from '../../api/door/discovery.ts'
import { Region } from '../../kinds/region/region.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeObject } from '../../kube/gvr.ts'
import { all, type Check, type Exam, fail, isSeen, ok, unseen, warn } from '../check.ts'
import { type Conditioned, conditionOf, span, words } from '../conditions.ts'

export interface ApiService extends KubeObject, Conditioned {
  readonly spec: {
    readonly group?: string
    readonly version?: string
    readonly service?: { readonly namespace: string; readonly name: string; readonly port?: number }
    readonly caBundle?: string
    readonly insecureSkipTLSVerify?: boolean
  }
}

/** Ours are those of our groups, whoever rendered them. */
const isOurs = ({ spec }: ApiService) => versionsOf(spec.group ?? '') !== undefined

/** Our APIServices. */
export async function ourApiServices(exam: Exam) {
  const found = await all<ApiService>(exam, KUBERNETES.APIService)
  return isSeen(found) ? { value: found.value.filter(isOurs) } : found
}

const CLOSE = 'take it away where its server is gone for good: kubectl delete apiservice'

function lineOf(service: ApiService) {
  const available = conditionOf(service, 'Available')
  if (service.spec.service === undefined || available?.status === 'True') return undefined
  const what = `APIService ${service.metadata.name} is not available, and holds up the deletion of every namespace: ${words(available)}`
  const { namespace, name } = service.spec.service
  return isOurs(service)
    ? fail(what, `are pods behind Service ${namespace}/${name} ready, and does a NetworkPolicy let kube-apiserver reach them? ${CLOSE}`)
    : warn(what, `it is none of this operator's: look at Service ${namespace}/${name}. ${CLOSE}`)
}

/** The aggregated door: each region has its APIServices, and none of anybody is broken. */
export const apiServices: Check = {
  name: 'apiservices',
  about: 'APIServices are there for every region and answer; none of anybody holds up deletions',
  run: async (exam) => {
    const [found, places] = [await all<ApiService>(exam, KUBERNETES.APIService), await all<KubeObject>(exam, Region.gvr)]
    if (!isSeen(found)) return [unseen('APIServices', found)]
    const broken = found.value.map(lineOf).filter((line) => line !== undefined)
    const ours = found.value.filter(isOurs)
    if (ours.length === 0) return [...broken, ok('the aggregated door is not open: there are no APIServices of this operator')]
    if (!isSeen(places)) return [...broken, unseen('Regions', places)]
    const names = new Set(ours.map(({ metadata }) => metadata.name))
    const wanted = groupsOf(places.value.map(({ metadata }) => metadata.name)).flatMap((group) =>
      (versionsOf(group) ?? []).map((version) => `${version}.${group}`),
    )
    const missing = wanted.filter((name) => !names.has(name))
    const some = missing.slice(0, 4).join(', ')
    return [
      ...broken,
      ...(missing.length === 0
        ? [ok(`${ours.length} APIServices, for every API and region`)]
        : [
            fail(
              `${missing.length} APIServices are missing: ${some}${missing.length > 4 ? ' and more' : ''}`,
              'the controllers keep them where --aggregation-service is set; look at their log',
            ),
          ]),
    ]
  },
}

interface Namespace extends KubeObject, Conditioned {}
/** Kubernetes waits for these: what is said by them keeps a namespace. */
const HINDRANCES = [
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionGroupVersionParsingFailure',
  'NamespaceDeletionContentFailure',
  'NamespaceFinalizersRemaining',
  'NamespaceContentRemaining',
]

/** Namespaces that do not go, whosesoever. */
export const namespaces: Check = {
  name: 'namespaces',
  about: 'no namespace hangs in its deletion',
  run: async (exam) => {
    const found = await all<Namespace>(exam, KUBERNETES.Namespace)
    if (!isSeen(found)) return [unseen('namespaces', found)]
    const hanging = found.value.filter(({ metadata }) => exam.now() - Date.parse(metadata.deletionTimestamp ?? '') > exam.olderThanMs)
    if (hanging.length === 0) return [ok('no namespace hangs in its deletion')]
    return hanging.map((namespace) => {
      const { name, deletionTimestamp } = namespace.metadata
      const why = HINDRANCES.map((type) => conditionOf(namespace, type)).find((condition) => condition?.status === 'True')
      const seen = `namespace ${name} is being deleted for ${span(exam.now() - Date.parse(deletionTimestamp ?? ''))}: ${words(why)}`
      return warn(seen, 'what is in it has to go first: see the line of apiservices, or kubectl get seca -n ' + name)
    })
  },
}
