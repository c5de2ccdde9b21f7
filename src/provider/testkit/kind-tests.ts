import { describe, expect, test } from 'vitest'
import { kindNamed } from '../../kinds/index.ts'
import { covers } from '../capability.ts'
import { ProviderError } from '../errors.ts'
import { LABELS_PATH } from '../notes.ts'
import { firstOf, made, type Stage, testWith, type Trouble } from './stage.ts'
import { type Entry, nonce, unlessWaiting, type World } from './world.ts'

/** What holds for each kind by itself. */
export function kindTests(stage: () => Stage, kinds: readonly string[], can: readonly (keyof Trouble)[]): void {
  const trouble = () => stage().harness.trouble as Required<Trouble>
  describe.each(kinds)('%s', (kind) => {
    test('every field of its spec is compared, or named as one that is not', () => {
      const { updates = [], replaces = [], hidden = [], ignores = [] } = stage().world.capability(kind) ?? {}
      const named = [...updates, ...replaces, ...hidden, ...ignores]
      const fields = Object.keys(kindNamed(kind)?.spec.shape ?? {})
      // A path that begins with the field says enough of it: bootVolume.deviceRef, bootVolume.type.
      expect(fields.filter((field) => !named.some((path) => covers(field, path)))).toEqual([])
    })

    test('does not exist before it is made', async () => {
      const { world } = stage()
      expect(await world.observe(await world.fresh(firstOf(stage(), kind)))).toBeUndefined()
    })

    test('made twice is one object, deleted twice is gone', async () => {
      const { world } = stage()
      const entry = await world.fresh(firstOf(stage(), kind))
      const first = await world.create(entry)
      const second = await world.createAgain(entry)
      // Where it is not, the second is a twin of the one that is recorded, if the adapter does not find the first by other means.
      expect(second === undefined || second === first || world.isPlain(entry)).toBe(true)
      entry.externalId = first
      const seen = await world.converge(entry)
      expect([seen.externalId, seen.twins ?? []]).toEqual([first, second === undefined || second === first ? [] : [second]])
      await world.dropTwins(entry, seen)
      await world.converge(entry)
      expect(await world.copies(entry)).toEqual([first])
      await world.delete(entry, seen).catch(unlessWaiting)
      await world.delete(entry, seen).catch(unlessWaiting)
      await world.destroy(entry)
      await world.delete(entry, seen)
      expect(await world.copies(entry)).toEqual([])
    })

    test('made twice at the same time is one object', async () => {
      const { world } = stage()
      const entry = await world.fresh(firstOf(stage(), kind))
      const results = await Promise.allSettled([world.create(entry), world.create(entry), world.create(entry)])
      expect(results.some((result) => result.status === 'fulfilled')).toBe(true)
      await world.settle(entry)
      await world.dropTwins(entry, await world.converge(entry))
      await world.converge(entry)
      expect(await world.copies(entry)).toHaveLength(1)
      await world.destroy(entry)
    })

    test('is found by its tag alone', async () => {
      const { world } = stage()
      const entry = await made(stage(), kind)
      const id = entry.externalId
      entry.externalId = undefined
      expect(await world.look(entry, (seen) => seen?.drift.length === 0)).toMatchObject({ externalId: id, drift: [] })
      await world.destroy(entry)
    })

    test('observing changes nothing', async () => {
      const { world } = stage()
      const entry = await made(stage(), kind)
      const [first, second] = [await world.observe(entry), await world.observe(entry)]
      expect(second).toEqual(first)
      await world.destroy(entry)
    })

    testWith(can, 'dropNextCreate', 'a create whose answer is lost leaves one object, which is found', async () => {
      const { world } = stage()
      const entry = await world.fresh(firstOf(stage(), kind))
      await trouble().dropNextCreate(kind)
      await expect(world.create(entry)).rejects.toMatchObject({ failure: 'transient' })
      expect(entry.externalId).toBeUndefined()
      expect(await world.look(entry, (seen) => seen !== undefined)).toBeDefined()
      if (!world.isPlain(entry)) await world.create(entry)
      await world.converge(entry)
      expect(await world.copies(entry)).toHaveLength(1)
      await world.destroy(entry)
    })

    test('every change that the provider claims shows as drift, and update puts it right', async () => {
      const { world } = stage()
      const sample = firstOf(stage(), kind)
      const updates = world.capability(kind)?.updates ?? []
      const tried = [...Object.keys(sample.changes ?? {}), LABELS_PATH, sample.request]
      expect(
        updates.filter((path) => !tried.includes(path)),
        'paths without a sample',
      ).toEqual([])
      for (const path of updates) {
        const entry = await made(stage(), kind)
        if (path === sample.request) entry.restartRequest = nonce()
        else if (path === LABELS_PATH) entry.labels = { suite: 'changed', more: 'yes' }
        else entry.spec = sample.changes?.[path]?.(entry.spec) ?? entry.spec
        const seen = await world.observe(entry)
        expect(seen?.drift, path).toContain(path)
        const settled = await world.converge(entry)
        expect(settled.drift, path).toEqual([])
        expect(settled.externalId).toBe(seen?.externalId)
        await world.destroy(entry)
      }
    })

    testWith(can, 'deleteBehind', 'gone under our feet: seen as gone, and made anew', async () => {
      const { world } = stage()
      const entry = await made(stage(), kind)
      const gone = entry.externalId ?? ''
      await trouble().deleteBehind(kind, gone)
      world.touched(entry)
      expect(await world.look(entry, (seen) => seen === undefined)).toBeUndefined()
      entry.incarnation = nonce()
      const seen = await world.converge(entry)
      expect(seen.externalId).not.toBe(gone)
      await world.destroy(entry)
    })

    testWith(can, 'changeBehind', 'changed under our feet: put right', async () => {
      const { world } = stage()
      if ((world.capability(kind)?.updates ?? []).length === 0) return
      const entry = await made(stage(), kind)
      await trouble().changeBehind(kind, entry.externalId ?? '')
      world.touched(entry)
      expect((await world.look(entry, (seen) => seen?.drift.length !== 0))?.drift).not.toEqual([])
      expect((await world.converge(entry)).drift).toEqual([])
      await world.destroy(entry)
    })

    testWith(can, 'retag', "somebody else's object is refused, and an untagged one unless adoption is allowed", async () => {
      const { world } = stage()
      const entry = await made(stage(), kind)
      const id = entry.externalId ?? ''
      const retag = async (whose: string, tag: string) => {
        await trouble().retag(kind, whose, tag)
        world.touched(entry)
        await world.settle(entry)
      }
      await retag(id, 'other-installation/eu-1/seca.testkit/v1/tenants/testkit/x/y')
      await expect(world.observe(entry)).rejects.toMatchObject({ failure: 'foreign' })
      entry.mayAdopt = true
      await expect(world.observe(entry)).rejects.toMatchObject({ failure: 'foreign' })
      await retag(id, '')
      entry.mayAdopt = false
      await expect(world.observe(entry)).rejects.toMatchObject({ failure: 'foreign' })
      entry.mayAdopt = true
      const seen = await world.observe(entry)
      expect(seen?.externalId).toBe(id)
      expect(seen?.drift).not.toEqual([])
      await world.converge(entry)
      entry.externalId = undefined
      expect((await world.look(entry, (one) => one !== undefined))?.externalId).toBe(id)
      await world.destroy(entry)
    })

    test('two objects with one tag are refused', async () => {
      const { harness, world } = stage()
      const entry = await made(stage(), kind)
      const first = { ...entry }
      entry.incarnation = nonce()
      const created = await world.create(entry).catch((thrown: unknown) => thrown)
      if (created instanceof ProviderError) return void (await world.destroy(entry)) // a cloud that cannot hold two of them
      if (created !== first.externalId) {
        await expectTwoRefused(world, entry)
        if (!harness.trouble.deleteBehind) throw new Error('this cloud needs deleteBehind, to clean up after the test of duplicate tags')
        await harness.trouble.deleteBehind(kind, String(created))
        world.touched(entry)
        await world.settle(entry)
      }
      entry.externalId = first.externalId
      await world.destroy(entry)
    })

    test('is deleted by what an inventory tells of it, and nothing else', async () => {
      const { world } = stage()
      const entry = await made(stage(), kind)
      expect(await world.copies(entry)).toHaveLength(1)
      await world.deleteListed(entry)
      await world.gone(entry)
      expect(await world.copies(entry)).toEqual([])
      await world.destroy(entry)
    })

    testWith(can, 'slow', 'says that it is busy, for as long as it is', async () => {
      const { world } = stage()
      const entry = await world.fresh(firstOf(stage(), kind))
      await trouble().slow(async () => {
        await world.create(entry)
        await world.settle(entry)
        for (let i = 0; i < 3; i++) expect(await world.observe(entry)).toMatchObject({ busy: expect.any(String) })
        if (!world.isPlain(entry)) await world.create(entry)
        expect(await world.copies(entry)).toHaveLength(1)
      })
      await world.quiet(entry)
      await world.destroy(entry)
    })

    testWith(can, 'slow', 'can be deleted while it is being made', async () => {
      const { world } = stage()
      const entry = await world.fresh(firstOf(stage(), kind))
      await trouble().slow(async () => {
        await world.create(entry)
        const seen = (await world.look(entry, (one) => one !== undefined)) ?? expect.unreachable('it is not there')
        const refused = await world.delete(entry, seen).catch((thrown: unknown) => thrown)
        if (refused !== undefined) expect(refused).toMatchObject({ failure: expect.stringMatching(/transient|waiting/) })
      })
      await world.destroy(entry)
      expect(await world.copies(entry)).toEqual([])
    })
  })
}

async function expectTwoRefused(world: World, entry: Entry): Promise<void> {
  await world.settle(entry)
  await expect(world.observe(entry)).rejects.toMatchObject({ failure: 'foreign' })
  expect(await world.copies(entry)).toHaveLength(2)
}
