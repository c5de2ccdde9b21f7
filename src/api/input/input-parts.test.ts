import { describe, expect, it } from 'vitest'
import { kindNamed } from '../../kinds/index.ts'
import type { Refusal } from '../problem.ts'
import { invalid, parseInput } from './input.ts'

const volume = kindNamed('BlockStorage')!
const SPEC = { sizeGB: 1, skuRef: { resource: 'skus/a' } }

const parse = (body: object, kind = volume) => parseInput(kind, body as Record<string, unknown>)
function pointers(body: object, kind = volume): string[] {
  try {
    parse(body, kind)
  } catch (error) {
    return (error as Refusal).sources.map(({ pointer }) => pointer)
  }
  return []
}

describe('a body', () => {
  it('is what it says, without what is not the client’s to say', () => {
    const input = parse({
      labels: { l: '1' },
      annotations: { a: '2' },
      extensions: { e: '3' },
      metadata: { name: 'other', region: 'eu-1' },
      status: { state: 'active' },
      nonsense: 1,
      spec: { ...SPEC, nonsense: 1 },
    })
    expect(input).toEqual({ labels: { l: '1' }, annotations: { a: '2' }, extensions: { e: '3' }, spec: SPEC, region: 'eu-1' })
  })

  it.each([
    [{ region: 'eu-1' }, 'eu-1'],
    [{ region: '' }, undefined],
    [{ region: 7 }, undefined],
    [{}, undefined],
    [null, undefined],
    ['x', undefined],
  ])('metadata %j names the region %j', (metadata, region) => {
    expect(parse({ metadata, spec: SPEC }).region).toBe(region)
  })

  it('takes null for absent, wherever', () => {
    expect(parse({ labels: null, annotations: null, extensions: null, metadata: null, spec: { ...SPEC, sourceImageRef: null } })).toEqual({
      labels: {},
      annotations: {},
      extensions: {},
      spec: SPEC,
      region: undefined,
    })
    expect(pointers({ spec: { ...SPEC, sizeGB: null } })).toEqual(['/spec/sizeGB'])
    expect(pointers({ spec: null })).toEqual(['/spec'])
    const rules = [{ direction: 'ingress', ports: null, sourceRef: ['nics/a'] }]
    expect(parse({ spec: { rules } }, kindNamed('SecurityGroup')!).spec).toMatchObject({
      rules: [{ direction: 'ingress', sourceRef: [{ resource: 'nics/a' }] }],
    })
  })

  it('takes references as text, in lists too, and nothing else', () => {
    expect(parse({ spec: { ...SPEC, skuRef: 'skus/a' } }).spec).toEqual(SPEC)
    expect(pointers({ spec: { ...SPEC, skuRef: 7 } })).toEqual(['/spec/skuRef'])
    expect(pointers({ spec: { ...SPEC, skuRef: ['skus/a'] } })).toEqual(['/spec/skuRef'])
    const routes = [{ destinationCidrBlock: '0.0.0.0/0', targetRef: 'instances/x' }]
    expect(parse({ spec: { routes } }, kindNamed('RouteTable')!).spec).toMatchObject({
      routes: [{ targetRef: { resource: 'instances/x' } }],
    })
    for (const list of [{ targetRef: 'x' }, 'x', 7])
      expect(pointers({ spec: { routes: list } }, kindNamed('RouteTable')!)).toEqual(['/spec/routes'])
    for (const item of [null, 'x', [], 7])
      expect(pointers({ spec: { routes: [item] } }, kindNamed('RouteTable')!)).toEqual(['/spec/routes/0'])
    for (const spec of ['x', 7, [], [{ skuRef: 'a' }]]) expect(pointers({ spec })).toEqual(['/spec'])
  })

  it.each([
    ['labels', 63, 1_000],
    ['annotations', 1_024, 1_000],
    ['extensions', 8_192, 128],
  ] as const)('%s: values of %i characters, %i entries', (field, length, entries) => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']))
    const wrong = (value: unknown) => pointers({ [field]: value, spec: SPEC })
    expect([wrong({ a: 'x'.repeat(length) }), wrong(many(entries)), wrong({ a: '' })]).toEqual([[], [], []])
    expect(wrong({ a: 'x'.repeat(length + 1) })).toEqual([`/${field}/a`])
    expect(wrong(many(entries + 1))).toEqual([`/${field}`])
    expect(wrong({ '': 'v' })).toEqual([`/${field}`])
    expect(wrong({ 'a/b~c': 7 })).toEqual([`/${field}/a~1b~0c`])
    expect(wrong({ a: null })).toEqual([`/${field}/a`])
    for (const value of ['x', 7, [], ['a'], true]) expect(wrong(value)).toEqual([`/${field}`])
  })

  it('has annotations of 256 KiB together at most', () => {
    const annotations = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, 'x'.repeat(1_024)]))
    expect(pointers({ annotations, spec: SPEC })).toEqual(['/annotations'])
  })

  it('tells all that is wrong, at most 32 places', () => {
    expect(pointers({ labels: 'x', annotations: { a: 7 }, spec: { sizeGB: 0 } })).toEqual([
      '/labels',
      '/annotations/a',
      '/spec/sizeGB',
      '/spec/skuRef',
    ])
    const labels = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`k${index}`, 7]))
    expect(pointers({ labels, spec: SPEC })).toHaveLength(32)
  })

  it('of a free spec may have none, and says what it cannot keep beside all else', () => {
    const workspace = kindNamed('Workspace')!
    for (const spec of [undefined, null, {}]) expect(parse({ spec }, workspace).spec).toEqual({})
    expect(parse({ spec: { a: [1] } }, workspace).spec).toEqual({ a: [1] })
    expect(pointers({ labels: 'x', spec: { a: null } }, workspace)).toEqual(['/spec/a', '/labels'])
    for (const spec of [7, 'x', []]) expect(pointers({ spec }, workspace)).toEqual(['/spec'])
    // Bounded, as no other spec is.
    const list = Array.from({ length: 2_001 }, () => 'instances/a')
    expect(pointers({ spec: { list } }, workspace)).toEqual(['/spec/list'])
    const permissions = Array.from({ length: 8 }, () => ({ provider: 'seca.compute', resources: list.slice(0, 256), verb: ['get'] }))
    expect(pointers({ spec: { permissions } }, kindNamed('Role')!)).toEqual([])
    expect(parse({ spec: JSON.parse('{"__proto__":{"a":1}}') as object }, workspace).spec).toHaveProperty(['__proto__'], { a: 1 })
  })
})

describe('what is told of issues', () => {
  const issues = (count: number) => Array.from({ length: count }, (_, index) => ({ pointer: `/spec/a/${index}`, message: 'no' }))

  it('is a line for each, and how many more there are', () => {
    expect(invalid(issues(1)).message).toBe('spec.a.0: no')
    expect(invalid([{ pointer: '/', message: 'no' }]).message).toBe('body: no')
    expect(invalid(issues(32)).message).toMatch(/spec\.a\.31: no$/)
    expect(invalid(issues(35)).message).toMatch(/spec\.a\.31: no; and 3 more$/)
    expect(invalid(issues(35))).toMatchObject({ code: 'ValidationFailed', sources: expect.objectContaining({ length: 32 }) as unknown })
  })
})
