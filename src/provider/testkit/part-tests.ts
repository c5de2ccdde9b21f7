import { describe, expect, test } from 'vitest'
import { LABELS_PATH } from '../notes.ts'
import { firstOf, type Stage, testWith, type Trouble } from './stage.ts'
import type { Entry } from './world.ts'

/** What holds for kinds whose objects are parts of others: made in the creation of another object, and found as what they are from then on. */
export function partTests(stage: () => Stage, kinds: readonly string[], can: readonly (keyof Trouble)[]): void {
  const trouble = () => stage().harness.trouble as Required<Trouble>
  describe.each(kinds)('%s, a part', (kind) => {
    /** A new part and the object that it is made with, neither of them made. */
    async function fresh(): Promise<{ part: Entry; whole: Entry }> {
      const { world } = stage()
      const { madeWith = '', name } = firstOf(stage(), kind)
      const whole = await world.fresh(world.sample(madeWith))
      return { whole, part: world.own(whole, `${kind}/${name}`) }
    }
    async function made(): Promise<{ part: Entry; whole: Entry }> {
      const { world } = stage()
      const both = await fresh()
      await world.converge(both.whole)
      await world.settle(both.whole)
      expect((await world.converge(both.part)).externalId).toEqual(expect.any(String))
      return both
    }

    test('has nothing of its own before it is made, and says so', async () => {
      const { world } = stage()
      const { part, whole } = await fresh()
      expect(await world.observe(part)).toMatchObject({ drift: [], part: expect.stringMatching(/./) })
      expect(await world.copies(part)).toEqual([])
      await world.destroy(whole)
    })

    test('is made with another object, once, and goes with it', async () => {
      const { world } = stage()
      const { part, whole } = await made()
      expect(await world.copies(part)).toEqual([part.externalId])
      await world.destroy(whole)
      expect(await world.copies(part)).toEqual([])
    })

    test('is found by its tag alone, and observing changes nothing', async () => {
      const { world } = stage()
      const { part, whole } = await made()
      const id = part.externalId
      part.externalId = undefined
      const first = await world.observe(part)
      expect([first?.externalId, first?.drift]).toEqual([id, []])
      expect(await world.observe(part)).toEqual(first)
      await world.destroy(whole)
    })

    test('every change that the provider claims shows as drift, and update puts it right', async () => {
      const { world } = stage()
      const sample = firstOf(stage(), kind)
      for (const path of world.capability(kind)?.updates ?? []) {
        const { part, whole } = await made()
        if (path === LABELS_PATH) part.labels = { suite: 'changed', more: 'yes' }
        else part.spec = sample.changes?.[path]?.(part.spec) ?? part.spec
        const seen = await world.observe(part)
        expect(seen?.drift, path).toContain(path)
        const settled = await world.converge(part)
        expect([settled.drift, settled.externalId], path).toEqual([[], seen?.externalId])
        await world.destroy(whole)
      }
    })

    test('is deleted by what an inventory tells of it, and nothing else', async () => {
      const { world } = stage()
      const { part, whole } = await made()
      await world.deleteListed(part)
      await world.gone(part)
      expect(await world.observe(part)).toMatchObject({ part: expect.stringMatching(/./) })
      await world.destroy(whole)
    })

    testWith(can, 'changeBehind', 'changed under our feet: put right', async () => {
      const { world } = stage()
      const { part, whole } = await made()
      await trouble().changeBehind(kind, part.externalId ?? '')
      world.touched(part)
      expect((await world.look(part, (seen) => seen?.drift.length !== 0))?.drift).not.toEqual([])
      expect((await world.converge(part)).drift).toEqual([])
      await world.destroy(whole)
    })

    testWith(can, 'deleteBehind', 'gone under our feet: the object that it is made with makes it anew', async () => {
      const { world } = stage()
      const { part, whole } = await made()
      const gone = part.externalId ?? ''
      await trouble().deleteBehind(kind, gone)
      for (const entry of [part, whole]) world.touched(entry)
      expect(await world.look(part, (seen) => seen?.part !== undefined)).toMatchObject({ part: expect.stringMatching(/./) })
      expect((await world.look(whole, (seen) => seen?.drift.length !== 0))?.drift).not.toEqual([])
      await world.converge(whole)
      await world.settle(whole)
      const seen = await world.converge(part)
      expect([typeof seen.externalId, seen.externalId === gone]).toEqual(['string', false])
      await world.destroy(whole)
    })

    testWith(can, 'retag', "somebody else's object is refused", async () => {
      const { world } = stage()
      const { part, whole } = await made()
      const id = part.externalId ?? ''
      await trouble().retag(kind, id, 'other-installation/eu-1/seca.testkit/v1/tenants/testkit/x/y')
      world.touched(part)
      await world.settle(part)
      await expect(world.observe(part)).rejects.toMatchObject({ failure: 'foreign' })
      await trouble().retag(kind, id, part.tag)
      world.touched(part)
      await world.settle(part)
      await world.converge(part)
      await world.destroy(whole)
    })
  })
}
