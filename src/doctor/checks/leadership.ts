import { CONTROLLERS_LEASE } from '../../kinds/names.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import { ACCOUNTS, all, type Check, type Exam, fail, find, isSeen, ok, unseen, warn } from '../check.ts'
import { span } from '../conditions.ts'

interface Lease {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
  readonly spec?: { readonly holderIdentity?: string; readonly leaseDurationSeconds?: number; readonly renewTime?: string }
}

/** A leader renews every 2 s; one that does not within this time is slow, or gone. */
const LOOK_MS = 7_000
const EVERY_MS = 500
/** A clock that is further off than this spoils what is judged by clocks. */
const CLOCK_MS = 10_000
const PODS = `look at the pods and logs of ServiceAccount ${ACCOUNTS.controllers}`

/** Looks until the Lease is renewed; the last look otherwise. */
async function untilRenewed(exam: Exam, first: Lease): Promise<{ lease: Lease | undefined; isRenewed: boolean }> {
  let lease: Lease | undefined = first
  for (let waited = 0; waited < LOOK_MS; waited += EVERY_MS) {
    await exam.sleep(EVERY_MS)
    const seen = await find<Lease>(exam, KUBERNETES.Lease, exam.namespace, first.metadata.name)
    if (!isSeen(seen)) continue
    lease = seen.value
    if (lease === undefined || lease.metadata.resourceVersion !== first.metadata.resourceVersion) break
  }
  return { lease, isRenewed: lease !== undefined && lease.metadata.resourceVersion !== first.metadata.resourceVersion }
}

/** The holder writes its own clock; a renewal that was just seen is of now. */
async function clockOfHolder(exam: Exam, { spec }: Lease) {
  const now = await exam.client.serverTime(exam.signal).catch(() => Number.NaN)
  const difference = Date.parse(spec?.renewTime ?? '') - now
  if (!Number.isFinite(difference) || Math.abs(difference) < CLOCK_MS) return []
  const seen = `the clock of ${spec?.holderIdentity} is ${span(Math.abs(difference))} ${difference > 0 ? 'ahead of' : 'behind'} kube-apiserver's`
  return [warn(seen, "set the node's clock by NTP")]
}

async function linesOf(exam: Exam, name: string) {
  const seen = await find<Lease>(exam, KUBERNETES.Lease, exam.namespace, name)
  if (!isSeen(seen)) return [unseen(`Lease ${exam.namespace}/${name}`, seen)]
  if (seen.value === undefined)
    return [fail(`no controllers have ever worked here: Lease ${exam.namespace}/${name} is not there`, `start them; ${PODS}`)]
  const { lease, isRenewed } = await untilRenewed(exam, seen.value)
  const holder = lease?.spec?.holderIdentity ?? ''
  if (holder === '') return [fail(`nobody leads: Lease ${name} was given back`, `nothing is reconciled until controllers run; ${PODS}`)]
  if (lease === undefined || !isRenewed) {
    const age = exam.now() - Date.parse(lease?.spec?.renewTime ?? '')
    return [
      fail(
        `${holder} holds Lease ${name} and does not renew it (last ${span(age)} ago by its clock)`,
        `nothing is reconciled until another one takes over; ${PODS}`,
      ),
    ]
  }
  return [ok(`${holder} leads under Lease ${name}, and renews it`), ...(await clockOfHolder(exam, lease))]
}

/** Somebody works: each Lease of the controllers is held, and renewed while it is looked at. */
export const leadership: Check = {
  name: 'leadership',
  about: 'the controllers lead: their Leases are held and renewed',
  run: async (exam) => {
    const leases = await all<Lease>(exam, KUBERNETES.Lease, { namespace: exam.namespace })
    const shards = isSeen(leases)
      ? leases.value.map(({ metadata }) => metadata.name).filter((name) => /^seca-controllers-\d+$/.test(name))
      : []
    const names = [...new Set([CONTROLLERS_LEASE, ...shards])]
    return (await Promise.all(names.map((name) => linesOf(exam, name)))).flat()
  },
}
