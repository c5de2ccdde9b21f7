import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { kindNamed, KINDS } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Desired, ResourceAdapter } from '../provider/contract.ts'
import { checkedAdapter, checkAccepted, checkObserved } from './answers.ts'

const of = (kind: string) => kindNamed(kind) as Kind
const volume = (answer: object) => checkObserved(of('BlockStorage'), { externalId: 'v-1', status: {}, drift: [], ...answer })

test('an answer that is right is taken as it is', () => {
  const answer = {
    externalId: 'v-1',
    status: { sizeGB: 5, attachedTo: { resource: 'instances/a' } },
    drift: ['sizeGB'],
    busy: 'resizing',
    items: { 'routes[0]': { state: 'pending', message: 'soon' } },
    handle: { request: 'r-1', ids: [1, 2] },
    going: true,
    heldBy: 'a snapshot',
    againMs: 5_000,
  }
  expect(checkObserved(of('BlockStorage'), answer)).toEqual({ value: answer, issues: [] })
})

test('a part has no id of its own, and nothing that is absent is made up', () => {
  const answer = { part: 'made with its instance', status: null, drift: [], busy: undefined, failed: null }
  const { value, issues } = checkObserved(of('Nic'), answer)
  expect([value, issues]).toEqual([{ externalId: '', part: 'made with its instance', status: {}, drift: [] }, []])
})

describe('a status field that cannot be kept', () => {
  it.each([
    [{ sizeGB: Number.NaN }, /^status\.sizeGB: NaN is refused: /],
    [{ sizeGB: Number.POSITIVE_INFINITY }, /^status\.sizeGB: Infinity is refused: /],
    [{ sizeGB: '5' }, /^status\.sizeGB: "5" is refused: .*number/],
    [{ sizeGB: 1.5 }, /^status\.sizeGB: 1\.5 is refused: .*int/],
    [{ sizeGB: 10n }, /^status\.sizeGB: a value of type bigint is refused: /],
    [{ attachedTo: { resource: 7 } }, /^status\.attachedTo\.resource: 7 is refused: /],
    [{ attachedTo: 'x' }, /^status\.attachedTo: "x" is refused: /],
    [{ colour: 'red' }, /^status\.colour: BlockStorage has no such field/],
    [{ state: 'active' }, /^status\.state: BlockStorage has no such field/],
  ])('is left out and named: %o', (status, issue) => {
    const { value, issues } = volume({ status: { ...status } })
    expect(value.status).toEqual({})
    expect(issues).toEqual([expect.stringMatching(issue)])
  })

  it('takes nothing else along', () => {
    const { value, issues } = checkObserved(of('Instance'), {
      externalId: 'i',
      status: { powerState: 'on', powerStateSince: 'yesterday' },
      drift: [],
    })
    expect(value.status).toEqual({ powerState: 'on' })
    expect(issues).toEqual(['status.powerStateSince: "yesterday" is no time as in 2026-01-31T12:00:00Z'])
  })

  it('clears where it is absent on purpose', () => {
    const { value, issues } = volume({ status: { attachedTo: undefined, sizeGB: null } })
    expect([Object.keys(value.status), value.status, issues]).toEqual([['attachedTo', 'sizeGB'], {}, []])
  })
})

describe('texts', () => {
  it('are made safe and short', () => {
    const { value, issues } = volume({ failed: `it\u0092s ${'x'.repeat(5_000)}`, busy: 'cut \ud83d' })
    expect(value.failed).toMatch(/^it s x+$/)
    expect([value.failed?.length, value.busy, issues]).toEqual([2_048, 'cut \uFFFD', []])
  })

  it('that are none still say that it is so', () => {
    const { value, issues } = volume({ busy: true, failed: new Error('x'), items: { 'routes[3]': { state: 'broken', message: 7 } } })
    expect(value).toMatchObject({ busy: 'in progress', failed: 'failed', items: { 'routes[3]': { state: 'error', message: '' } } })
    expect(issues).toEqual([
      'failed: a value of type object is no text',
      'items.routes[3].state: "broken" is neither pending nor error',
      'items.routes[3]: 7 is no text',
    ])
  })
})

describe('a handle', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  it.each([
    ['too long', { ids: 'x'.repeat(2_048) }, 'handle: more than 2048 bytes of JSON'],
    ['no JSON', () => undefined, 'handle: a value of type function is not JSON'],
    ['a circle', cycle, expect.stringMatching(/^handle: .*circular/)],
  ])('that cannot be kept is named: %s', (_, handle, issue) => {
    const { value, issues } = checkAccepted('create', { externalId: 'v', handle })
    expect([value, issues]).toEqual([{ externalId: 'v' }, [issue]])
  })

  it('is given back as the store gives it', () => {
    expect(checkAccepted('create', { externalId: 'v', handle: { a: undefined, b: -0, c: 'x\ud83d' } }).value).toEqual({
      externalId: 'v',
      handle: { b: 0, c: 'x\uFFFD' },
    })
  })
})

test.each([
  [undefined, 'observe answered undefined'],
  ['v-1', 'observe answered "v-1", not an object'],
  [[], 'observe answered a list, not an object'],
  [{ status: {}, drift: [] }, 'externalId is undefined'],
  [{ externalId: 7, status: {}, drift: [] }, 'externalId is 7, not a text'],
  [{ externalId: 'x'.repeat(513), status: {}, drift: [] }, 'externalId has 513 characters'],
  [{ externalId: 'x\ud83d', status: {}, drift: [] }, 'half of a surrogate pair'],
  [{ externalId: 'x', status: 'ok', drift: [] }, 'status answered "ok", not an object'],
  [{ externalId: 'x', status: {}, drift: 'sizeGB' }, 'drift is "sizeGB", not a list of paths'],
])('an answer that cannot be worked with is refused: %o', (answer, message) => {
  expect(() => checkObserved(of('BlockStorage'), answer)).toThrow(message)
})

test.each([[-1], [Number.NaN], ['5']])('a time to look again that is none is left out: %o', (againMs) => {
  const { value, issues } = volume({ againMs })
  expect([Object.hasOwn(value, 'againMs'), issues.length]).toEqual([false, 1])
})

test('of whatever is answered, what is kept survives JSON unchanged and fits the schema', () => {
  const junk = fc.oneof(fc.anything({ withBigInt: true, withDate: true, maxDepth: 2 }), fc.double(), fc.string({ unit: 'binary' }))
  const kinds = KINDS.filter(({ status }) => status !== undefined)
  fc.assert(
    fc.property(
      fc
        .constantFrom(...kinds)
        .chain((kind) =>
          fc.tuple(
            fc.constant(kind),
            fc.record(Object.fromEntries([...Object.keys(kind.status!.shape), 'other'].map((field) => [field, junk]))),
          ),
        ),
      fc.record({ busy: junk, failed: junk, heldBy: junk, part: junk, handle: junk, againMs: junk, going: junk }),
      ([kind, status], rest) => {
        const { value, issues } = checkObserved(kind, { externalId: 'x', drift: [], ...rest, status })
        expect(JSON.parse(JSON.stringify(value))).toEqual(value)
        expect(kind.status!.partial().safeParse(value.status).error).toBeUndefined()
        for (const text of [...issues, value.busy, value.failed]) expect(text ?? '').toSatisfy((one: string) => one.isWellFormed())
      },
    ),
  )
})

describe('an adapter whose answers are checked', () => {
  const desired = {} as Desired
  const context = { signal: new AbortController().signal }
  const adapterOf = (more: object) => checkedAdapter(of('BlockStorage'), more as ResourceAdapter)

  it('says what was wrong as an item, beside its own', async () => {
    const items = { 'routes[0]': { state: 'pending', message: 'soon' } }
    const adapter = adapterOf({ observe: async () => ({ externalId: 'v', status: { sizeGB: Number.NaN }, drift: [], items }) })
    expect(await adapter.observe(desired, context)).toEqual({
      externalId: 'v',
      status: {},
      drift: [],
      items: {
        ...items,
        answer: { state: 'error', message: expect.stringMatching(/not taken in full: status\.sizeGB: NaN is refused/) as unknown },
      },
    })
  })

  it('finds nothing where there is nothing, and cannot change what the adapter cannot', async () => {
    const adapter = adapterOf({ observe: async () => null })
    expect(await adapter.observe(desired, context)).toBeUndefined()
    expect(adapter.update).toBeUndefined()
  })

  it('calls everything else as it was', async () => {
    const calls: string[] = []
    class Cloud {
      #name = 'cloud'
      create = async () => (calls.push(`create ${this.#name}`), { externalId: 'v' })
      update = async () => void calls.push(`update ${this.#name}`)
      async delete() {
        calls.push(`delete ${this.#name}`)
      }
    }
    const adapter = adapterOf(new Cloud())
    expect(await adapter.create(desired, context)).toEqual({ externalId: 'v' })
    await adapter.update?.(desired, {} as never, context)
    await adapter.delete(desired, {} as never, context)
    expect(calls).toEqual(['create cloud', 'update cloud', 'delete cloud'])
  })
})
