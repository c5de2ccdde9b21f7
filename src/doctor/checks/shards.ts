import { CloudProvider } from '../../kinds/operator/cloud-provider.ts'
import { SHARDS, SHARDS_LEASE } from '../../kinds/names.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeObject } from '../../kube/gvr.ts'
import { holderOf, type Member, parseTable } from '../../reconcile/shards/table.ts'
import { all, type Check, type Exam, fail, find, isSeen, ok, unseen, warn } from '../check.ts'
import { deploymentOf, flagOf } from '../workloads.ts'

interface Lease extends KubeObject {
  readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string; readonly leaseDurationSeconds?: number }
}

/** Clocks may differ by so much. */
const SLACK_MS = 30_000
const TODO = 'the leader gives it out within 20 s: read its log, and those of the replicas'

/** Whether a member still holds its Lease. */
async function isAlive(exam: Exam, { lease, identity }: Member): Promise<boolean> {
  const seen = await find<Lease>(exam, KUBERNETES.Lease, exam.namespace, lease)
  // What could not be read is no finding.
  if (!isSeen(seen)) return true
  const { holderIdentity, renewTime = '', leaseDurationSeconds = 0 } = seen.value?.spec ?? {}
  return holderIdentity === identity && exam.now() - Date.parse(renewTime) < leaseDurationSeconds * 1_000 + SLACK_MS
}

/** Where replicas share the accounts, each account has one that lives; where they do not, none is given out. */
export const shards: Check = {
  name: 'shards',
  about: 'each cloud account has a replica that works for it',
  run: async (exam) => {
    const deployment = await deploymentOf(exam, 'controllers')
    const isShared = deployment === undefined ? undefined : flagOf(deployment, '--sharding') === 'accounts'
    const seen = await find<Lease>(exam, KUBERNETES.Lease, exam.namespace, SHARDS_LEASE)
    if (!isSeen(seen)) return [unseen(`Lease ${exam.namespace}/${SHARDS_LEASE}`, seen)]
    const table = parseTable(seen.value?.metadata.annotations?.[SHARDS])
    const members = Object.values(table?.members ?? {})
    const isOpen = table !== undefined && table.leader !== ''
    if (isShared === false || (isShared === undefined && !isOpen))
      return isOpen || members.some(({ accounts }) => accounts.length > 0)
        ? [warn('replicas share the accounts, and are told not to', 'is a rollout under way? Else read the log of who leads')]
        : [ok('one process works for all cloud accounts')]
    const found = await all(exam, CloudProvider.gvr)
    if (!isSeen(found)) return [unseen('CloudProviders', found)]
    const names = found.value.map(({ metadata }) => metadata.name)
    if (!isOpen)
      return [
        fail('replicas are told to share the cloud accounts, and nobody has given any out', 'is a rollout under way, or does nobody lead?'),
      ]
    const lives = await Promise.all(members.map(async (member) => [member, await isAlive(exam, member)] as const))
    const orphans = names.filter((name) => holderOf(table, name) === undefined)
    return [
      ...(orphans.length === 0 ? [] : [fail(`no replica works for ${orphans.join(', ')}`, TODO)]),
      ...lives.flatMap(([{ identity, accounts }, isThere]) =>
        isThere || accounts.length === 0 ? [] : [fail(`${identity} is gone, and works for ${accounts.join(', ')}`, TODO)],
      ),
      ok(`${lives.filter(([, isThere]) => isThere).length} replicas share ${names.length} cloud accounts`),
    ]
  },
}
