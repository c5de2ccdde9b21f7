import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProviderError } from '../errors.ts'
import { firstOf, open, type Stage, testWith, type Trouble } from './stage.ts'
import { tagKey } from '../tags.ts'
import { adapterOf, type Entry, nonce } from './world.ts'

/** What holds for the account as a whole; the last test takes everything down and looks for leaks. */
export function accountTests(stage: () => Stage, kinds: readonly string[], can: readonly (keyof Trouble)[]): void {
  const simplest = () => firstOf(stage(), kinds[0] ?? '')
  const trouble = () => stage().harness.trouble as Required<Trouble>
  describe('account', () => {
    test('the credentials work', async () => {
      const { world } = stage()
      await expect(world.connection.check(world.context())).resolves.toEqual({ account: expect.any(String) })
    })

    test('wrong credentials are told apart, without telling them', async () => {
      const { harness, world } = stage()
      const connection = open(harness, harness.wrongCredentials)
      const entry = await world.fresh(simplest())
      for (const call of [
        () => connection.check(world.context()),
        () => adapterOf(connection, entry).observe(world.desired(entry), world.context()),
      ]) {
        const error: ProviderError = await call().then(
          () => expect.unreachable('accepted'),
          (thrown: ProviderError) => thrown,
        )
        expect(error).toMatchObject({ failure: 'credentials' })
        for (const secret of Object.values(harness.wrongCredentials))
          expect(JSON.stringify([error.message, String(error.cause)])).not.toContain(secret)
      }
      await connection.close()
    })

    testWith(can, 'throttled', 'throttling is told apart, with the time to wait', async () => {
      const { world } = stage()
      const entry = await world.fresh(simplest())
      await trouble().throttled(async () => {
        await expect(world.observe(entry)).rejects.toMatchObject({ failure: 'throttled', retryAfterMs: expect.any(Number) })
      })
    })

    test('an aborted call does not go out', async () => {
      const { world } = stage()
      const entry = await world.fresh(simplest())
      await expect(world.adapter(entry).create(world.desired(entry), world.context(AbortSignal.abort()))).rejects.toBeInstanceOf(Error)
      expect(await world.copies(entry)).toEqual([])
    })

    testWith(can, 'silent', 'a call that hangs ends with its signal', async () => {
      const { world } = stage()
      const entry = await world.fresh(simplest())
      await trouble().silent(async () => {
        await expect(world.adapter(entry).observe(world.desired(entry), world.context(AbortSignal.timeout(50)))).rejects.toBeInstanceOf(
          Error,
        )
      })
    })

    test('the inventory has every object, over all pages, and so has that of all installations', async () => {
      const { harness, world } = stage()
      const entries: Entry[] = []
      for (let i = 0; i < harness.manyObjects; i++) entries.push(await world.fresh(simplest()))
      for (let i = 0; i < entries.length; i += 20) await Promise.all(entries.slice(i, i + 20).map((entry) => world.create(entry)))
      await world.settle(...entries)
      for (const whose of ['ours', 'everybody'] as const) {
        const marks = new Set<string>()
        for (const item of await world.inventory(whose)) marks.add(item.tag ?? item.tagKey ?? '')
        expect(entries.filter(({ tag }) => !marks.has(tag) && !marks.has(tagKey(tag)))).toEqual([])
      }
      for (let i = 0; i < entries.length; i += 20) await Promise.all(entries.slice(i, i + 20).map((entry) => world.destroy(entry)))
    }, 120_000)

    test('whatever happens in whatever order: never two objects, and none left', { timeout: 120_000 }, async () => {
      const { world, harness } = stage()
      const steps = fc.constantFrom('create', 'lose', 'observe', 'converge', 'delete', 'vanish', 'change', 'forget')
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...kinds), fc.array(steps, { maxLength: 12 }), async (kind, sequence) => {
          const entry = await world.fresh(firstOf(stage(), kind))
          for (const step of sequence) {
            await take(stage(), step, entry)
            expect((await world.copies(entry)).length).toBeLessThanOrEqual(1)
          }
          await world.destroy(entry)
          expect(await world.copies(entry)).toEqual([])
        }),
        { numRuns: harness.randomRuns ?? 30 },
      )
    })

    test('nothing is left at the end', { timeout: 120_000 }, async () => {
      const { world } = stage()
      await world.clear()
      expect(await world.inventory()).toEqual([])
    })
  })
}

/** One step of a random sequence, as the engine or somebody else would take it. */
async function take({ world, harness }: Stage, step: string, entry: Entry): Promise<void> {
  const seen = await world.look(entry, (one) => one !== undefined)
  // As the engine does: a new incarnation once the old one is known to be gone.
  if (!seen && entry.externalId !== undefined) Object.assign(entry, { incarnation: nonce(), externalId: undefined })
  const behind = async (change: () => Promise<void> | undefined) => {
    await change()
    world.touched(entry)
  }
  if (step === 'create' && !seen) await world.create(entry)
  else if (step === 'lose' && !seen && harness.trouble.dropNextCreate) {
    await harness.trouble.dropNextCreate(entry.sample.kind)
    await world.create(entry).catch(() => undefined)
  } else if (step === 'converge') await world.converge(entry)
  else if (step === 'delete' && seen) await world.delete(entry, seen)
  else if (step === 'vanish' && seen) await behind(() => harness.trouble.deleteBehind?.(entry.sample.kind, seen.externalId ?? ''))
  else if (step === 'change' && seen && seen.busy === undefined)
    await behind(() => harness.trouble.changeBehind?.(entry.sample.kind, seen.externalId ?? ''))
  else if (step === 'forget') entry.externalId = undefined
}
