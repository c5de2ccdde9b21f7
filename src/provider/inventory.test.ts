import { describe, expect, it } from 'vitest'
import { ProviderError } from './errors.ts'
import { inventoryOf } from './inventory.ts'
import { installationKey, tagKey } from './tags.ts'
import type { CloudClient, Facts } from './translation.ts'

/** What an inventory says of objects with these facts. */
async function inventoried(...all: Partial<Facts>[]) {
  const client: Pick<CloudClient<Facts>, 'facts' | 'list'> = {
    facts: (object) => object,
    async *list() {
      await Promise.resolve()
      for (const facts of all) yield { id: 'x-1', tag: 'i/eu-1/x', isGoing: false, ...facts }
    },
  }
  const context = { signal: new AbortController().signal }
  const items = inventoryOf(client as CloudClient<Facts>, { BlockStorage: { type: 'volumes' } }, 'i', context)
  return Array.fromAsync(items)
}
const ITEM = { kind: 'BlockStorage', externalId: 'x-1', tag: 'i/eu-1/x' }

describe('an inventory', () => {
  it('tells id, tag and incarnation, and nothing that the cloud does not', async () => {
    expect(await inventoried({}, { notes: { incarnation: 'n' } })).toEqual([ITEM, { ...ITEM, incarnation: 'n' }])
  })

  it('of one installation ends at a kind that may not be listed; one of all goes on with the others', async () => {
    const client = {
      facts: (object: Facts) => object,
      async *list(type: string) {
        await Promise.resolve()
        if (type === 'servers') throw new ProviderError('rejected', '403')
        yield { id: 'x-1', tag: 'i/eu-1/x', isGoing: false }
      },
    } as unknown as CloudClient<Facts>
    const context = { signal: new AbortController().signal }
    const kinds = { Instance: { type: 'servers' }, BlockStorage: { type: 'volumes' } }
    await expect(Array.fromAsync(inventoryOf(client, kinds, 'i', context))).rejects.toThrow('403')
    expect(await Array.fromAsync(inventoryOf(client, kinds, undefined, context))).toEqual([ITEM])
  })

  it('tells whose a key is, where the cloud does', async () => {
    const tag = tagKey('i/eu-1/x')
    const key = installationKey('i')
    const keyed = { kind: 'BlockStorage', externalId: 'x-1', tagKey: tag }
    expect(await inventoried({ tag, installationKey: key }, { tag })).toEqual([{ ...keyed, installationKey: key }, keyed])
  })

  it('tells what a deletion needs to reach an object, and what is under way', async () => {
    expect(await inventoried({ parent: 'net-1' })).toEqual([{ ...ITEM, handle: { parent: 'net-1' } }])
    expect(await inventoried({ busy: 'resizing' }, { isGoing: true }, { usedBy: 'srv-1' })).toEqual([
      { ...ITEM, busy: 'resizing' },
      { ...ITEM, busy: 'being deleted' },
      { ...ITEM, usedBy: 'srv-1' },
    ])
  })
})
