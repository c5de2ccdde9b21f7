import { TENANT_LABEL } from '../../kinds/names.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import { forEachParallel } from '../../parallel.ts'
import {
  aggregationNamespaceRules,
  aggregationRules,
  apiNamespaceRules,
  apiRules,
  byPlace,
  declaredRules,
  managedTlsRules,
  namespaceRules,
  type PolicyRule,
  pruneRules,
  rbacRules,
  scopedApiRules,
  scopedRules,
} from '../../schema/rbac.ts'
import { type Deployment, deploymentOf, flagOf, hasFlag } from '../workloads.ts'
import { ACCOUNTS, all, type Check, type Exam, fail, isSeen, look, type Look, ok, unseen, warn } from '../check.ts'

/** What somebody wants to do, as SubjectAccessReview says it. */
interface Attempt {
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  readonly verb: string
  readonly namespace?: string
  readonly name?: string
}

function attemptsOf(rules: readonly PolicyRule[], namespace?: string): Attempt[] {
  const place = namespace === undefined ? {} : { namespace }
  return rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((path) => {
        const [resource = '', subresource] = path.split('/')
        const what = { group, resource, ...(subresource === undefined ? {} : { subresource }), ...place }
        return verbs.flatMap((verb) => resourceNames.map((name) => ({ ...what, verb, ...(name === undefined ? {} : { name }) })))
      }),
    ),
  )
}

/** Kubernetes' own roles that the API's account is bound to. */
const OF_THE_API: readonly Attempt[] = [
  { group: 'authentication.k8s.io', resource: 'tokenreviews', verb: 'create' },
  { group: 'authorization.k8s.io', resource: 'subjectaccessreviews', verb: 'create' },
  { group: '', resource: 'configmaps', verb: 'get', namespace: 'kube-system', name: 'extension-apiserver-authentication' },
]

/** The namespaces that a process has rights in; undefined: all. */
function scopeOf(deployment: Deployment | undefined): readonly string[] | undefined {
  const names = (deployment === undefined ? '' : (flagOf(deployment, '--namespaces') ?? '')).split(',').filter((name) => name !== '')
  return names.length === 0 ? undefined : names
}

/** Rights wherever they are needed. Of several namespaces, which one role is bound in, the others stand for the first with one right each. */
function attemptsIn(rules: readonly PolicyRule[], names: readonly string[] | undefined): Attempt[] {
  if (names === undefined) return attemptsOf(rules)
  const { everywhere, inNamespaces } = byPlace(rules)
  return [...attemptsOf(everywhere), ...names.flatMap((name, at) => attemptsOf(inNamespaces, name).slice(0, at === 0 ? undefined : 1))]
}

/** What the controllers need for what their flags ask of them. */
function duties(namespace: string, deployment: Deployment): Attempt[] {
  const secret = flagOf(deployment, '--tls-secret')
  const rules: readonly [string, readonly PolicyRule[], readonly PolicyRule[]][] = [
    ['--aggregation-service', aggregationRules(), aggregationNamespaceRules()],
    ['--declared-file', declaredRules(), []],
    ['--declared-prune', pruneRules(), []],
    ['--tls-managed', [], secret === undefined ? [] : managedTlsRules(secret)],
  ]
  return rules.flatMap(([flag, everywhere, own]) =>
    hasFlag(deployment, flag) ? [...attemptsIn(everywhere, scopeOf(deployment)), ...attemptsOf(own, namespace)] : [],
  )
}

function wanted(namespace: string, controllers: Deployment | undefined, api: Deployment | undefined) {
  const [mine, its] = [scopeOf(controllers), scopeOf(api)]
  const inTenants = (rules: readonly PolicyRule[], names: readonly string[] | undefined) =>
    names === undefined ? [] : attemptsIn(byPlace(rules).inNamespaces, names)
  return {
    controllers: [
      ...attemptsOf(mine === undefined ? rbacRules() : scopedRules(mine)),
      ...inTenants(rbacRules(), mine),
      ...attemptsOf(namespaceRules(), namespace),
      ...(controllers === undefined ? [] : duties(namespace, controllers)),
    ],
    api: [
      ...attemptsOf(its === undefined ? apiRules() : scopedApiRules(its)),
      ...inTenants(apiRules(), its),
      ...attemptsOf(apiNamespaceRules(), namespace),
      ...OF_THE_API,
    ],
  }
}

const words = ({ group, resource, subresource, verb, namespace, name }: Attempt) =>
  `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}` +
  `${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in ${namespace}`}`

const REVIEWS = '/apis/authorization.k8s.io/v1'
const WIDTH = 8

/** Asks Kubernetes about an account: by SubjectAccessReview, or, as that account itself, by the one that everybody may make. */
export async function reviewer(exam: Exam, account: string): Promise<Look<(attempt: Attempt) => Promise<boolean>>> {
  const { client, namespace, signal } = exam
  const user = `system:serviceaccount:${namespace}:${account}`
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
  const ask = async (isSelf: boolean, attempt: Attempt) => {
    const kind = isSelf ? 'SelfSubjectAccessReview' : 'SubjectAccessReview'
    const spec = { resourceAttributes: attempt, ...(isSelf ? {} : { user, groups }) }
    const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec }
    const path = `${REVIEWS}/${kind.toLowerCase()}s`
    return (await client.raw<{ status: { allowed: boolean } }>('POST', path, body, { signal })).status.allowed
  }
  const self = await look(() =>
    client.raw<{ status: { userInfo: { username: string } } }>(
      'POST',
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      { signal },
    ),
  )
  if (isSeen(self) && self.value.status.userInfo.username === user) return { value: (attempt) => ask(true, attempt) }
  const probe = await look(() => ask(false, { group: '', resource: 'namespaces', verb: 'get' }))
  return isSeen(probe) ? { value: (attempt) => ask(false, attempt) } : probe
}

async function denied(attempts: readonly Attempt[], may: (attempt: Attempt) => Promise<boolean>): Promise<Attempt[]> {
  const refused: Attempt[] = []
  await forEachParallel(attempts, WIDTH, async (attempt) => {
    if (!(await may(attempt))) refused.push(attempt)
  })
  return refused
}

/** What is denied in the whole cluster may be allowed where it counts: in the namespaces of tenants. */
async function deniedToTenants(exam: Exam, attempts: readonly Attempt[], may: (attempt: Attempt) => Promise<boolean>) {
  const tenants = attempts.length === 0 ? { value: [] } : await all(exam, KUBERNETES.Namespace, { labelSelector: TENANT_LABEL })
  if (!isSeen(tenants) || tenants.value.length === 0) return attempts
  const of = (attempt: Attempt) =>
    attempt.namespace === undefined ? tenants.value.map(({ metadata: { name } }) => ({ ...attempt, namespace: name })) : [attempt]
  return denied(attempts.flatMap(of), may)
}

/** More than the process needs: the account is bound to something else, too. */
const TOO_MUCH: readonly Attempt[] = [
  { group: '', resource: 'secrets', verb: 'list' },
  { group: '*', resource: '*', verb: '*' },
]

const SHOWN = 6

async function linesOf(exam: Exam, account: string, attempts: readonly Attempt[]) {
  const may = await reviewer(exam, account)
  if (!isSeen(may)) return [unseen(`what ServiceAccount ${account} may do`, may)]
  const refused = await deniedToTenants(exam, await denied(attempts, may.value), may.value)
  const excess = (await Promise.all(TOO_MUCH.map(may.value))).some(Boolean)
  const more = refused.length > SHOWN ? ` and ${refused.length - SHOWN} more` : ''
  const lacking = refused.slice(0, SHOWN).map(words).join(', ')
  return [
    ...(refused.length === 0
      ? [ok(`ServiceAccount ${account} may do all that it needs (${attempts.length} rights asked)`)]
      : [
          fail(
            `ServiceAccount ${account} may not ${lacking}${more}`,
            'apply the roles of this version: helm upgrade, or seca-operator install',
          ),
        ]),
    ...(excess
      ? [
          warn(
            `ServiceAccount ${account} may do more than it needs: it reads all Secrets, or everything`,
            'take the other bindings of the account away: kubectl get clusterrolebindings -o wide',
          ),
        ]
      : []),
  ]
}

/** The accounts of both processes may do what `src/schema/rbac.ts` gives them, and not much more. */
export const rights: Check = {
  name: 'rights',
  about: `rights of the accounts ${Object.values(ACCOUNTS).join(' and ')}, by what Kubernetes decides`,
  run: async (exam) => {
    const needs = wanted(exam.namespace, await deploymentOf(exam, 'controllers'), await deploymentOf(exam, 'api'))
    const lines = [await linesOf(exam, ACCOUNTS.controllers, needs.controllers), await linesOf(exam, ACCOUNTS.api, needs.api)]
    return lines.flat()
  },
}
