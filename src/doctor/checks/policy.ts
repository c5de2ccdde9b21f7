import { KUBERNETES } from '../../kube/builtin.ts'
import type { GroupVersionResource, KubeObject } from '../../kube/gvr.ts'
import { tenantPolicy } from '../../schema/policy.ts'
import { type Check, fail, find, isSeen, ok, unseen } from '../check.ts'
import { difference } from '../subset.ts'

const KINDS: Readonly<Record<string, GroupVersionResource>> = KUBERNETES
const OPEN = 'until then whoever may label namespaces says whose they are: helm upgrade, or seca-operator install'

/** Only who may bind tenants says whose a namespace is. */
export const policy: Check = {
  name: 'policy',
  about: 'the admission policy on tenant labels is there, and in force',
  run: async (exam) => {
    const lines = await Promise.all(
      tenantPolicy().map(async (object) => {
        const { kind, metadata, spec } = object as unknown as KubeObject & { spec: unknown }
        const gvr = KINDS[kind]
        if (gvr === undefined) throw new Error(`no resource is known for kind ${kind}`)
        const seen = await find<{ spec: unknown }>(exam, gvr, undefined, metadata.name)
        if (!isSeen(seen)) return unseen(`${kind} ${metadata.name}`, seen)
        if (seen.value === undefined) return fail(`${kind} ${metadata.name} is missing`, OPEN)
        const place = difference(spec, seen.value.spec)
        return place === undefined ? undefined : fail(`${kind} ${metadata.name} differs from this version's, first in spec${place}`, OPEN)
      }),
    )
    const bad = lines.filter((line) => line !== undefined)
    return bad.length > 0 ? bad : [ok('only who may bind tenants.operator.secapi.cloud says whose a namespace is')]
  },
}
