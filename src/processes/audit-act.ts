import { setTimeout as sleep } from 'node:timers/promises'
import type { Cache } from '../cache/cache.ts'
import { asError } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import type { KubeClient } from '../kube/client.ts'
import type { Finding, Found } from '../reconcile/audit.ts'
import type { AuditAccounts, Inventories } from '../reconcile/audit-accounts.ts'
import type { Adoption } from '../reconcile/audit-adopt.ts'
import { clear } from '../reconcile/audit-clear.ts'
import { objectionTo } from '../reconcile/audit-objection.ts'

/** What was done about a finding, and why not. */
export interface Deed {
  readonly finding: Finding
  readonly action: 'deleted' | 'adopted' | 'left'
  readonly message?: string
}

/** What an audit reads, and acts on. */
export interface World {
  readonly client: KubeClient
  readonly cache: Cache
  readonly installation: string
}

/** What `--delete` may delete: what has no resource, and what a resource that lives in another account left behind. */
export function deletableOf(proven: readonly Finding[]): readonly (Finding & { readonly found: Found })[] {
  return proven.filter(
    (one): one is Finding & { readonly found: Found } => one.found !== undefined && ['leaked', 'abandoned'].includes(one.finding),
  )
}

/** Deletes what is deletable; each only while the cluster itself has nothing against it. */
export async function deleteProven(
  proven: readonly Finding[],
  { client, cache, installation }: World,
  accounts: AuditAccounts,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<Deed[]> {
  const findings = new Map(deletableOf(proven).map((finding) => [finding.found, finding]))
  let inventories: Inventories = await accounts.read(signal)
  const objection = async (found: Found) => {
    const finding = findings.get(found)
    const opened = () => inventories.opened
    return finding && objectionTo(finding, { client, lookup: cache, kinds: KINDS, installation, opened, signal })
  }
  const { gone, left } = await clear([...findings.keys()], {
    installation,
    linkOf: (found) => accounts.linkOf(found),
    objection,
    // What cannot be read may still be there.
    remaining: async (objects) => {
      inventories = await accounts.read(signal)
      return objects.filter((one) => !inventories.accounts.has(one.account) || inventories.found.some((now) => isSame(now, one)))
    },
    sleep: (ms) => sleep(ms, undefined, { signal }),
    onProgress,
    signal,
  })
  const deed = (found: Found, rest: Omit<Deed, 'finding'>): Deed[] => {
    const finding = findings.get(found)
    return finding === undefined ? [] : [{ finding, ...rest }]
  }
  return [
    ...gone.flatMap((found) => deed(found, { action: 'deleted' })),
    ...left.flatMap(({ found, why: message }) => deed(found, { action: 'left', message })),
  ]
}

/** Makes resources anew; the controllers find their cloud objects by the tag. */
export async function adoptAll(adoptions: readonly Adoption[], { client }: World, signal: AbortSignal): Promise<Deed[]> {
  const deeds: Deed[] = []
  for (const { finding, manifest } of adoptions) {
    const kind = KINDS.find((one) => one.kind === finding.kind)
    if (kind === undefined) continue
    try {
      await client.create(kind.gvr, manifest.metadata.namespace, manifest, signal, { fieldManager: 'seca-audit' })
      deeds.push({ finding, action: 'adopted' })
    } catch (error) {
      signal.throwIfAborted()
      deeds.push({ finding, action: 'left', message: asError(error).message })
    }
  }
  return deeds
}

const isSame = (a: Found, b: Found): boolean => a.account === b.account && a.kind === b.kind && a.externalId === b.externalId
