import { KUBERNETES } from '../../kube/builtin.ts'
import type { GroupVersionResource, KubeObject } from '../../kube/gvr.ts'
import { apiServicePolicy, tenantPolicy } from '../../schema/policy.ts'
import { ACCOUNTS, type Check, type Exam, fail, find, isSeen, ok, unseen } from '../check.ts'
import { deploymentOf, hasFlag } from '../workloads.ts'
import { difference } from '../subset.ts'

const KINDS: Readonly<Record<string, GroupVersionResource>> = KUBERNETES
const APPLY = 'helm upgrade, or seca-operator install'

/** Lines of what is not in force of one policy and its binding; `open` is what follows from that. */
async function linesOf(exam: Exam, objects: readonly Readonly<Record<string, unknown>>[], open: string) {
  const lines = await Promise.all(
    objects.map(async (object) => {
      const { kind, metadata, spec } = object as unknown as KubeObject & { spec: unknown }
      const gvr = KINDS[kind]
      if (gvr === undefined) throw new Error(`no resource is known for kind ${kind}`)
      const seen = await find<{ spec: unknown }>(exam, gvr, undefined, metadata.name)
      if (!isSeen(seen)) return unseen(`${kind} ${metadata.name}`, seen)
      if (seen.value === undefined) return fail(`${kind} ${metadata.name} is missing`, `until then ${open}: ${APPLY}`)
      const place = difference(spec, seen.value.spec)
      return place === undefined
        ? undefined
        : fail(`${kind} ${metadata.name} differs from this version's, first in spec${place}`, `until then ${open}: ${APPLY}`)
    }),
  )
  return lines.filter((line) => line !== undefined)
}

/** Only who may bind tenants says whose a namespace is; the controllers write no APIServices but SECA's. */
export const policy: Check = {
  name: 'policy',
  about: 'the admission policies are there, and in force',
  run: async (exam) => {
    const controllers = await deploymentOf(exam, 'controllers')
    const keepsServices = controllers !== undefined && hasFlag(controllers, '--aggregation-service')
    const bad = [
      ...(await linesOf(exam, tenantPolicy(), 'whoever may label namespaces says whose they are')),
      ...(keepsServices
        ? await linesOf(exam, apiServicePolicy(ACCOUNTS.controllers, exam.namespace), "the controllers could write anybody's APIServices")
        : []),
    ]
    return bad.length > 0 ? bad : [ok('only who may bind tenants.operator.secapi.cloud says whose a namespace is')]
  },
}
