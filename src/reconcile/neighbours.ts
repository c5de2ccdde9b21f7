import { BESIDE } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import type { InventoryItem } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { installationKey, parseTag } from '../provider/tags.ts'

/** How many objects other installations have in an account, by their ids; by their keys where the cloud tells no more. */
export type Neighbours = ReadonlyMap<string, number>

/**
 * Who else works in an account, read until something of ours is met: where an installation has objects, it is at home, and nobody is asked.
 * Meant for an account that the cluster does not know yet.
 */
export async function neighboursOf(inventory: AsyncIterable<InventoryItem>, installation: string): Promise<Neighbours> {
  const counts = new Map<string, number>()
  const ownKey = installationKey(installation)
  for await (const { tag, installationKey: key } of inventory) {
    const owner = parseTag(tag ?? '')?.installation ?? key
    if (owner === installation || owner === ownKey) return new Map()
    if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  }
  return counts
}

interface Account {
  readonly account: string
  readonly neighbours: Neighbours
  /** Ours. */
  readonly installation: string
  readonly operatorNamespace: string
}

/**
 * Why nothing is made in an account: others work there, we never did, and nobody wrote that both are meant to. A cluster that was set up
 * again without its installation's id is like that, and would make everything a second time (architecture §4 "Identity").
 */
export function accountInUse(
  cloudProvider: Resource,
  { account, neighbours, installation, operatorNamespace }: Account,
): ProviderError | undefined {
  const { name, annotations } = cloudProvider.metadata
  const allowed = (annotations?.[BESIDE] ?? '').split(',').map((id) => id.trim())
  const strangers = [...neighbours].filter(([id]) => !allowed.some((one) => one === id || installationKey(one) === id))
  if (strangers.length === 0) return undefined
  const held = strangers.map(([id, count]) => `${count} of installation ${id}`).join(', ')
  const ids = [...allowed.filter((id) => id !== ''), ...strangers.map(([id]) => id)].join(',')
  return new ProviderError(
    'credentials',
    `account ${account} holds cloud objects of others (${held}) and none of this installation, ${installation}; nothing is made there. ` +
      `Where this cluster was restored, give it the old id in ConfigMap ${operatorNamespace}/seca-installation; ` +
      `where both are to work there, annotate CloudProvider "${name}" with ${BESIDE}: ${ids}`,
    { code: 'AccountInUse' },
  )
}
