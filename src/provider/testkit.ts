import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Account, Connection, Provider } from './contract.ts'
import { ProviderError } from './errors.ts'
import { type Entry, nonce, type Sample, World } from './testkit-world.ts'

export type { Sample } from './testkit-world.ts'

/** Ways to make trouble in the cloud under test. Without one of them the tests that need it are skipped, and listed as such. */
export interface Trouble {
  /** Requests are throttled while `work` runs. */
  throttled?(work: () => Promise<void>): Promise<void>
  /** Operations take long enough to be seen under way while `work` runs. */
  slow?(work: () => Promise<void>): Promise<void>
  /** The next create is done, and its answer lost. */
  dropNextCreate?(kind: string): Promise<void>
  /** Somebody deletes the object in the cloud's own console; resolves when it is gone. */
  deleteBehind?(kind: string, externalId: string): Promise<void>
  /** Somebody changes something in it that the spec says otherwise. */
  changeBehind?(kind: string, externalId: string): Promise<void>
  /** Puts another tag on it, `''` = none. */
  retag?(kind: string, externalId: string, tag: string): Promise<void>
  /** No request is answered while `work` runs. */
  silent?(work: () => Promise<void>): Promise<void>
}

export interface Harness {
  readonly provider: Provider
  readonly settings: unknown
  readonly credentials: Readonly<Record<string, string>>
  /** Well-formed, and wrong. */
  readonly wrongCredentials: Readonly<Record<string, string>>
  readonly region: string
  readonly zone: string
  /** SKU specs by `StorageSku/name`. */
  readonly catalogue: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** One or more per kind, in order of dependency; all of them are made and used by the others. */
  readonly samples: readonly Sample[]
  readonly trouble: Trouble
  readonly pollMs: number
  readonly patienceMs: number
  /** Objects of the first sample's kind to make for the test of paging; more than a page. */
  readonly manyObjects: number
}

/** What every adapter has to keep, whatever the cloud. Registers vitest tests; `start` runs before them, `stop` after. */
export function providerSuite(name: string, start: () => Promise<Harness>, stop: () => Promise<void>, kinds: readonly string[], can: readonly (keyof Trouble)[]): void {
  describe(`provider ${name}`, () => {
    let harness: Harness
    let world: World
    const needs = (...trouble: (keyof Trouble)[]) => test.skipIf(trouble.some((one) => !can.includes(one)))
    const trouble = () => harness.trouble as Required<Trouble>

    beforeAll(async () => {
      harness = await start()
      world = new World({ ...harness, connection: open(harness, harness.credentials) })
      await world.build()
    }, 120_000)
    afterAll(async () => {
      await world?.connection.close()
      await stop()
    })

    const firstOf = (kind: string): Sample => {
      const sample = harness.samples.find((one) => one.kind === kind)
      if (!sample) throw new Error(`the harness has no sample of ${kind}`)
      return sample
    }
    const made = async (kind: string): Promise<Entry> => {
      const entry = await world.fresh(firstOf(kind))
      await world.converge(entry)
      return entry
    }

    describe.each(kinds)('%s', (kind) => {
      test('does not exist before it is made', async () => {
        expect(await world.observe(await world.fresh(firstOf(kind)))).toBeUndefined()
      })

      test('made twice is one object, deleted twice is gone', async () => {
        const entry = await world.fresh(firstOf(kind))
        const [first, second] = [await world.create(entry), await world.create(entry)]
        expect(second).toBe(first)
        const seen = await world.converge(entry)
        expect(seen.externalId).toBe(first)
        expect(await world.copies(entry)).toEqual([first])
        await world.delete(entry, seen)
        await world.delete(entry, seen)
        await world.destroy(entry)
        await world.delete(entry, seen)
        expect(await world.copies(entry)).toEqual([])
      })

      test('made twice at the same time is one object', async () => {
        const entry = await world.fresh(firstOf(kind))
        const results = await Promise.allSettled([world.create(entry), world.create(entry), world.create(entry)])
        expect(results.some((result) => result.status === 'fulfilled')).toBe(true)
        await world.converge(entry)
        expect(await world.copies(entry)).toHaveLength(1)
        await world.destroy(entry)
      })

      test('is found by its tag alone', async () => {
        const entry = await made(kind)
        const id = entry.externalId
        entry.externalId = undefined
        expect(await world.observe(entry)).toMatchObject({ externalId: id, drift: [] })
        await world.destroy(entry)
      })

      test('observing changes nothing', async () => {
        const entry = await made(kind)
        const [first, second] = [await world.observe(entry), await world.observe(entry)]
        expect(second).toEqual(first)
        await world.destroy(entry)
      })

      needs('dropNextCreate')('a create whose answer is lost leaves one object, which is found', async () => {
        const entry = await world.fresh(firstOf(kind))
        await trouble().dropNextCreate(kind)
        await expect(world.create(entry)).rejects.toMatchObject({ failure: 'transient' })
        expect(entry.externalId).toBeUndefined()
        expect(await world.observe(entry)).toBeDefined()
        await world.create(entry)
        await world.converge(entry)
        expect(await world.copies(entry)).toHaveLength(1)
        await world.destroy(entry)
      })

      test('every change that the provider claims shows as drift, and update puts it right', async () => {
        const sample = firstOf(kind)
        const updates = harness.provider.capabilities[kind]?.updates ?? []
        const tried = Object.keys(sample.changes ?? {}).concat(sample.request ?? [])
        expect(updates.filter((path) => !tried.includes(path)), 'paths without a sample').toEqual([])
        for (const path of updates) {
          const entry = await made(kind)
          if (path === sample.request) entry.restartRequest = nonce()
          else entry.spec = sample.changes?.[path]?.(entry.spec) ?? entry.spec
          const seen = await world.observe(entry)
          expect(seen?.drift, path).toContain(path)
          const settled = await world.converge(entry)
          expect(settled.drift, path).toEqual([])
          expect(settled.externalId).toBe(seen?.externalId)
          await world.destroy(entry)
        }
      })

      needs('deleteBehind')('gone under our feet: seen as gone, and made anew', async () => {
        const entry = await made(kind)
        const gone = entry.externalId ?? ''
        await trouble().deleteBehind(kind, gone)
        expect(await world.observe(entry)).toBeUndefined()
        entry.incarnation = nonce()
        const seen = await world.converge(entry)
        expect(seen.externalId).not.toBe(gone)
        await world.destroy(entry)
      })

      needs('changeBehind')('changed under our feet: put right', async () => {
        if ((harness.provider.capabilities[kind]?.updates ?? []).length === 0) return
        const entry = await made(kind)
        await trouble().changeBehind(kind, entry.externalId ?? '')
        expect((await world.observe(entry))?.drift).not.toEqual([])
        expect((await world.converge(entry)).drift).toEqual([])
        await world.destroy(entry)
      })

      needs('retag')("somebody else's object is refused, and an untagged one unless adoption is allowed", async () => {
        const entry = await made(kind)
        const id = entry.externalId ?? ''
        await trouble().retag(kind, id, 'other-installation/eu-1/seca.testkit/v1/tenants/testkit/x/y')
        await expect(world.observe(entry)).rejects.toMatchObject({ failure: 'foreign' })
        entry.mayAdopt = true
        await expect(world.observe(entry)).rejects.toMatchObject({ failure: 'foreign' })
        await trouble().retag(kind, id, '')
        entry.mayAdopt = false
        await expect(world.observe(entry)).rejects.toMatchObject({ failure: 'foreign' })
        entry.mayAdopt = true
        const seen = await world.observe(entry)
        expect(seen?.externalId).toBe(id)
        expect(seen?.drift).not.toEqual([])
        await world.converge(entry)
        entry.externalId = undefined
        expect((await world.observe(entry))?.externalId).toBe(id)
        await world.destroy(entry)
      })

      test('two objects with one tag are refused', async () => {
        const entry = await made(kind)
        const first = { ...entry }
        entry.incarnation = nonce()
        const created = await world.create(entry).catch((thrown: unknown) => thrown)
        if (created instanceof ProviderError) return void (await world.destroy(entry)) // a cloud that cannot hold two of them
        if (created !== first.externalId) {
          await expect(world.observe(entry)).rejects.toMatchObject({ failure: 'foreign' })
          expect(await world.copies(entry)).toHaveLength(2)
          if (!harness.trouble.deleteBehind) throw new Error('this cloud needs deleteBehind, to clean up after the test of duplicate tags')
          await harness.trouble.deleteBehind(kind, String(created))
        }
        entry.externalId = first.externalId
        await world.destroy(entry)
      })

      needs('slow')('says that it is busy, for as long as it is', async () => {
        const entry = await world.fresh(firstOf(kind))
        await trouble().slow(async () => {
          await world.create(entry)
          for (let i = 0; i < 3; i++) expect(await world.observe(entry)).toMatchObject({ busy: expect.any(String), drift: [] })
          await world.create(entry)
          expect(await world.copies(entry)).toHaveLength(1)
        })
        await world.quiet(entry)
        await world.destroy(entry)
      })

      needs('slow')('can be deleted while it is being made', async () => {
        const entry = await world.fresh(firstOf(kind))
        await trouble().slow(async () => {
          await world.create(entry)
          const seen = await world.observe(entry)
          expect(seen).toBeDefined()
          const refused = await world.delete(entry, seen!).catch((thrown: unknown) => thrown)
          if (refused !== undefined) expect(refused).toMatchObject({ failure: 'transient' })
        })
        await world.destroy(entry)
        expect(await world.copies(entry)).toEqual([])
      })
    })

    describe('account', () => {
      test('the credentials work', async () => {
        await expect(world.connection.check(world.context())).resolves.toBeUndefined()
      })

      test('wrong credentials are told apart, without telling them', async () => {
        const connection = open(harness, harness.wrongCredentials)
        const entry = await world.fresh(harness.samples[0]!)
        for (const call of [() => connection.check(world.context()), () => connection.adapters[entry.sample.kind]!.observe(world.desired(entry), world.context())]) {
          const error: ProviderError = await call().then(() => expect.unreachable('accepted'), (thrown: ProviderError) => thrown)
          expect(error).toMatchObject({ failure: 'credentials' })
          for (const secret of Object.values(harness.wrongCredentials)) expect(JSON.stringify([error.message, String(error.cause)])).not.toContain(secret)
        }
        await connection.close()
      })

      needs('throttled')('throttling is told apart, with the time to wait', async () => {
        const entry = await world.fresh(harness.samples[0]!)
        await trouble().throttled(async () => {
          await expect(world.observe(entry)).rejects.toMatchObject({ failure: 'throttled', retryAfterMs: expect.any(Number) })
        })
      })

      test('an aborted call does not go out', async () => {
        const entry = await world.fresh(harness.samples[0]!)
        await expect(world.adapter(entry).create(world.desired(entry), world.context(AbortSignal.abort()))).rejects.toThrow()
        expect(await world.copies(entry)).toEqual([])
      })

      needs('silent')('a call that hangs ends with its signal', async () => {
        const entry = await world.fresh(harness.samples[0]!)
        await trouble().silent(async () => {
          await expect(world.adapter(entry).observe(world.desired(entry), world.context(AbortSignal.timeout(50)))).rejects.toThrow()
        })
      })

      test('the inventory has every object, over all pages', async () => {
        const entries: Entry[] = []
        for (let i = 0; i < harness.manyObjects; i++) entries.push(await world.fresh(harness.samples[0]!))
        for (let i = 0; i < entries.length; i += 20) await Promise.all(entries.slice(i, i + 20).map((entry) => world.create(entry)))
        const tags = new Set<string>()
        for await (const { tag } of world.connection.inventory(world.installation, world.context())) tags.add(tag)
        expect(entries.filter((entry) => !tags.has(entry.tag))).toEqual([])
        for (let i = 0; i < entries.length; i += 20) await Promise.all(entries.slice(i, i + 20).map((entry) => world.destroy(entry)))
      }, 120_000)

      test('whatever happens in whatever order: never two objects, and none left', { timeout: 120_000 }, async () => {
        const steps = fc.constantFrom('create', 'lose', 'observe', 'converge', 'delete', 'vanish', 'change', 'forget')
        await fc.assert(
          fc.asyncProperty(fc.nat(kinds.length - 1), fc.array(steps, { maxLength: 12 }), async (kind, sequence) => {
            const entry = await world.fresh(firstOf(kinds[kind]!))
            for (const step of sequence) {
              await take(step, entry)
              expect((await world.copies(entry)).length).toBeLessThanOrEqual(1)
            }
            await world.destroy(entry)
            expect(await world.copies(entry)).toEqual([])
          }),
          { numRuns: 30 },
        )
      })

      const take = async (step: string, entry: Entry): Promise<void> => {
        const seen = await world.observe(entry)
        // As the engine does: a new incarnation once the old one is known to be gone.
        if (!seen && entry.externalId !== undefined) Object.assign(entry, { incarnation: nonce(), externalId: undefined })
        if (step === 'create' && !seen) await world.create(entry)
        else if (step === 'lose' && !seen && harness.trouble.dropNextCreate) {
          await harness.trouble.dropNextCreate(entry.sample.kind)
          await world.create(entry).catch(() => undefined)
        } else if (step === 'converge') await world.converge(entry)
        else if (step === 'delete' && seen) await world.delete(entry, seen)
        else if (step === 'vanish' && seen) await harness.trouble.deleteBehind?.(entry.sample.kind, seen.externalId)
        else if (step === 'change' && seen && seen.busy === undefined) await harness.trouble.changeBehind?.(entry.sample.kind, seen.externalId)
        else if (step === 'forget') entry.externalId = undefined
      }

      test('nothing is left at the end', { timeout: 120_000 }, async () => {
        await world.clear()
        const left: unknown[] = []
        for await (const item of world.connection.inventory(world.installation, world.context())) left.push(item)
        expect(left).toEqual([])
      })
    })
  })
}

function open(harness: Harness, credentials: Readonly<Record<string, string>>): Connection {
  const { provider, region } = harness
  const account: Account<Record<string, unknown>, Record<string, unknown>> = {
    region,
    settings: provider.settings.parse(harness.settings),
    credentials: provider.credentials.parse(credentials),
    acquire: () => Promise.resolve(),
  }
  return provider.connect(account)
}
