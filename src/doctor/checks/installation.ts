import { SecaError } from '../../errors.ts'
import { KINDS } from '../../kinds/index.ts'
import { CLAIM, CONTROLLERS_LEASE } from '../../kinds/names.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeObject } from '../../kube/gvr.ts'
import { storedInstallation } from '../../reconcile/installation.ts'
import { ACCOUNTS, all, type Check, type Exam, fail, find, isSeen, look, ok, unseen, warn } from '../check.ts'

async function claimLine(exam: Exam) {
  const { namespace } = exam
  const seen = await find<KubeObject>(exam, KUBERNETES.Namespace, undefined, 'default')
  if (!isSeen(seen)) return unseen('namespace default, which says who serves the cluster,', seen)
  const holder = seen.value?.metadata.annotations?.[CLAIM]
  if (holder === namespace) return ok(`the operator in ${namespace} serves this cluster`)
  if (holder === undefined)
    return warn('no operator serves this cluster yet', 'start the controllers: the first ones say so in namespace default')
  return fail(
    `the operator in namespace ${holder} serves this cluster, the one in ${namespace} does nothing`,
    `uninstall one of them; when the other is gone for good: kubectl annotate namespace default ${CLAIM}-`,
  )
}

/** Traces of operators in other namespaces: their bindings in the cluster, and their Leases. */
async function others(exam: Exam): Promise<string[] | undefined> {
  const bindings = await all<KubeObject>(exam, KUBERNETES.ClusterRoleBinding)
  const leases = await all<KubeObject>(exam, KUBERNETES.Lease)
  if (!isSeen(bindings) && !isSeen(leases)) return undefined
  const prefix = `${ACCOUNTS.controllers}:`
  const bound = isSeen(bindings) ? bindings.value.map(({ metadata }) => metadata.name).filter((name) => name.startsWith(prefix)) : []
  const leading = isSeen(leases) ? leases.value.filter(({ metadata }) => metadata.name === CONTROLLERS_LEASE) : []
  const found = [...bound.map((name) => name.slice(prefix.length)), ...leading.map(({ metadata }) => metadata.namespace ?? '')]
  return [...new Set(found)].filter((name) => name !== '' && name !== exam.namespace)
}

async function othersLine(exam: Exam) {
  const found = await others(exam)
  // The one that counts is what the claim says; this tells more where more may be read.
  if (found === undefined || found.length === 0) return []
  return [
    warn(
      `there are traces of operators in ${found.join(', ')}, too`,
      'one operator serves a cluster: uninstall the others, or what is left of them',
    ),
  ]
}

/** One installation, with an id. */
export const installation: Check = {
  name: 'installation',
  about: 'one operator serves the cluster, and has an id for its tags in the clouds',
  run: async (exam) => {
    const { client, namespace, signal } = exam
    let line
    try {
      const seen = await look(() => storedInstallation({ client, namespace, kinds: KINDS }, signal))
      if (!isSeen(seen)) line = unseen(`ConfigMap ${namespace}/seca-installation`, seen)
      else if (seen.value === undefined)
        line = fail(
          `ConfigMap ${namespace}/seca-installation has no id`,
          'the controllers make one when they first start; when something is in a cloud already, start them with --installation-id <the old one>',
        )
      else line = ok(`installation ${seen.value}`)
    } catch (error) {
      if (!(error instanceof SecaError)) throw error
      line = fail(error.message, 'nothing in the clouds is found by a wrong id: put the old one back')
    }
    return [line, await claimLine(exam), ...(await othersLine(exam))]
  },
}
