import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeObject } from '../../kube/gvr.ts'
import { all, type Check, isSeen, ok, unseen, warn } from '../check.ts'
import { deploymentOf } from '../workloads.ts'

interface Lease extends KubeObject {
  readonly spec?: { readonly renewTime?: string; readonly leaseDurationSeconds?: number }
}

/** Label of the Leases by which replicas of the API find each other (src/api/door/peers.ts). */
const LABEL = 'secapi.cloud/api-replica'
const SLACK_MS = 30_000

/** Replicas of the API know each other, so that clients read what they wrote. */
export const replicas: Check = {
  name: 'replicas',
  about: 'replicas of the API announce themselves to each other',
  run: async (exam) => {
    const found = await all<Lease>(exam, KUBERNETES.Lease, { namespace: exam.namespace, labelSelector: LABEL })
    if (!isSeen(found)) return [unseen(`Leases in ${exam.namespace}`, found)]
    const alive = found.value.filter(
      ({ spec }) => exam.now() - Date.parse(spec?.renewTime ?? '') < (spec?.leaseDurationSeconds ?? 0) * 1_000 + SLACK_MS,
    )
    const wanted = (await deploymentOf(exam, 'api'))?.spec.replicas ?? 0
    if (wanted > 1 && alive.length < wanted)
      return [
        warn(
          `${alive.length} of ${wanted} replicas of the API have announced themselves: clients may read there what is older than what they wrote`,
          'give each --peer-address and all the same --peer-key-file, and let them reach each other (NetworkPolicy)',
        ),
      ]
    return [
      ok(
        alive.length === 0
          ? 'no replica of the API announces itself; one alone need not'
          : `${alive.length} replicas of the API know each other`,
      ),
    ]
  },
}
