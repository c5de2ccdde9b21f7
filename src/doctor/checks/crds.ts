import { KUBERNETES } from '../../kube/builtin.ts'
import { allCrds, type Crd } from '../../schema/crd.ts'
import { type Check, type Exam, fail, find, isSeen, ok, unseen, warn } from '../check.ts'
import { type Conditioned, conditionOf, words } from '../conditions.ts'
import { difference } from '../subset.ts'

interface Installed extends Conditioned {
  readonly metadata: { readonly deletionTimestamp?: string }
  readonly spec: unknown
  readonly status?: Conditioned['status'] & { readonly storedVersions?: readonly string[] }
}

const INSTALL = 'install the kinds of this version: helm upgrade, or seca-operator install'

async function lineOf(exam: Exam, { metadata: { name }, spec }: Crd) {
  const seen = await find<Installed>(exam, KUBERNETES.CustomResourceDefinition, undefined, name)
  if (!isSeen(seen)) return unseen(`CustomResourceDefinition ${name}`, seen)
  const { value } = seen
  if (value === undefined) return fail(`${name} is not installed`, INSTALL)
  if (value.metadata.deletionTimestamp !== undefined)
    return fail(
      `${name} is being deleted, and with it every object of the kind`,
      'nothing in the clouds is deleted with it; wait until it is gone, install it again, and restore the objects from their manifests',
    )
  const established = conditionOf(value, 'Established')
  if (established?.status !== 'True')
    return fail(`${name} is not served: ${words(established)}`, 'read its conditions: kubectl describe crd')
  const known = spec.versions.map((version) => version.name)
  const foreign = (value.status?.storedVersions ?? []).filter((version) => !known.includes(version))
  if (foreign.length > 0)
    return fail(
      `objects of ${name} may be stored as ${foreign.join(', ')}, which this version does not know`,
      'run the version that installed it, or migrate the stored objects',
    )
  const place = difference(spec, value.spec)
  return place === undefined ? undefined : warn(`${name} differs from this version's, first in spec${place}`, INSTALL)
}

/** Kinds: there, served, and as in this program. */
export const crds: Check = {
  name: 'kinds',
  about: 'CustomResourceDefinitions are there, served, and as in this version',
  run: async (exam) => {
    const wanted = allCrds()
    const lines = (await Promise.all(wanted.map((crd) => lineOf(exam, crd)))).filter((line) => line !== undefined)
    return lines.length > 0 ? lines : [ok(`${wanted.length} kinds are installed, served, and as in this version`)]
  },
}
