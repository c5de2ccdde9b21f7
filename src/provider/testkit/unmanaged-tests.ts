import { describe, expect, type TestContext, test } from 'vitest'
import { kindNamed } from '../../kinds/index.ts'
import type { Unmanaged } from '../contract.ts'
import { hasTraits, resolved, skuTraits } from '../unmanaged.ts'
import { made, type Stage, testWith, type Trouble } from './stage.ts'
import type { Entry, Sample } from './world.ts'

/** What holds where an account can tell what is in it and carries no tag. */
export function unmanagedTests(stage: () => Stage, kinds: readonly string[], can: readonly (keyof Trouble)[]): void {
  const isOffered = ({ skip }: TestContext) => stage().world.connection.unmanaged ?? skip('this provider cannot tell')
  describe('what carries no tag', () => {
    test('what carries one is not among it', async (context) => {
      isOffered(context)
      const { world } = stage()
      const ours = new Set((await world.inventory()).map(({ kind, externalId }) => `${kind}/${externalId}`))
      const listed = (await world.unmanaged()).map(({ kind, externalId = '' }) => `${kind}/${externalId}`)
      expect(listed.filter((one) => ours.has(one))).toEqual([])
      expect(new Set(listed).size).toBe(listed.length)
    })

    for (const kind of kinds)
      testWith(can, 'retag', `${kind}: is told so that it can be taken over as it is`, async (context) => {
        isOffered(context)
        const { world, harness } = stage()
        const entry = await made(stage(), kind)
        const id = entry.externalId ?? ''
        // Parts that were made with it have ids of their own from now on.
        for (const own of Object.keys(entry.aliases)) await world.converge(world.own(entry, own))
        const retag = async (tag: string) => {
          await harness.trouble.retag?.(kind, id, tag)
          world.touched(entry)
          await world.settle(entry)
        }
        await retag('')
        const found = (await world.unmanaged()).find((one) => one.kind === kind && one.externalId === id)
        expect(found, `${kind} ${id} is not listed`).toMatchObject({ kind, name: expect.stringMatching(/./) })
        expect(found?.isLeftOut ? found.remarks : []).toEqual([])
        const written = { ...entry.spec }
        entry.spec = specOf(stage(), entry, found as Unmanaged)
        entry.mayAdopt = true
        const seen = await world.observe(entry)
        expect([seen?.externalId, seen?.drift, seen?.items ?? {}]).toEqual([id, ['tag'], {}])
        const settled = await world.converge(entry)
        expect([settled.externalId, settled.drift]).toEqual([id, []])
        entry.spec = written
        await world.destroy(entry)
      })
  })
}

/** The spec as an import writes it: references by the names that they have here, SKUs of the catalogue, and no volume where nobody knows it. */
function specOf({ world, harness }: Stage, { sample }: Entry, found: Unmanaged): Sample['spec'] {
  const kind = kindNamed(found.kind) ?? expect.unreachable(`there is no kind ${found.kind}`)
  if (sample.parent !== undefined) expect(world.keyOfId(sample.parent.split('/')[0] ?? '', found.parentId ?? '')).toBe(sample.parent)
  const outcome = resolved(kind, found.spec, (target, id) => {
    if (kindNamed(target)?.catalog !== true) return world.keyOfId(target, id)
    const traits = skuTraits(id)
    return Object.entries(harness.catalogue).find(([key, spec]) => {
      const [one, name = ''] = key.split('/')
      // What a cloud calls something is not always what it was ordered as.
      return one === target && (traits.has('name') || hasTraits(name, spec, traits))
    })?.[0]
  })
  expect(outcome).toMatchObject({ spec: {}, dropped: [] })
  return 'spec' in outcome ? outcome.spec : {}
}
