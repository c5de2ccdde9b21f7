import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testCache } from '../../cache/testing.ts'
import { testApp } from '../app-testing.ts'
import { annotationIssues, freeSizeIssues, MAX_FREE_VALUES } from './size.ts'

const keys = (count: number, value: unknown = 1) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]))
const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })

/** A free spec as the API judges it; what is right goes on, to a cluster that is not there. */
async function put(body: unknown): Promise<{ status: number; pointers: string[]; detail: string }> {
  const answer = await testApp(testCache()).call('PUT', '/providers/seca.workspace/v1/tenants/acme/workspaces/new', { body })
  const sources = (answer.json['sources'] ?? []) as { pointer: string }[]
  return { status: answer.status, pointers: sources.map(({ pointer }) => pointer), detail: String(answer.json['detail']) }
}

describe('a free spec', () => {
  it.each([
    ['1,001 keys', keys(1_001), '/spec'],
    ['60,000 keys', keys(60_000), '/spec'],
    ['1,001 keys further down', { a: { 'b/c': [0, keys(1_001)] } }, '/spec/a/b~1c/1'],
    ['17 levels', nested(17), `/spec${'/a'.repeat(16)}`],
    ['17 levels of lists', { l: JSON.parse('['.repeat(17) + ']'.repeat(17)) as unknown }, `/spec/l${'/0'.repeat(15)}`],
    ['10 × 1,000 keys', keys(10, keys(1_000)), '/spec/k1'],
    ['3,000 items', { first: 1, list: Array.from({ length: 3_000 }, () => 0) }, '/spec/list'],
    ['300,000 items', { list: Array.from({ length: 300_000 }, () => 0) }, '/spec/list'],
  ])('%s: 422 at its place', async (_, spec, pointer) => {
    expect(await put({ spec })).toMatchObject({ status: 422, pointers: [pointer] })
  })

  it.each([
    ['1,000 keys', keys(1_000)],
    ['16 levels', nested(16)],
    ['2 × 999 keys', keys(2, keys(999))],
    ['nothing', undefined],
  ])('%s pass', async (_, spec) => {
    expect((await put({ spec })).status).not.toBe(422)
  })

  it('is counted as one counts', () => {
    const count = (value: unknown): number =>
      typeof value === 'object' && value !== null ? Object.values(value).reduce<number>((sum, inner) => sum + 1 + count(inner), 0) : 0
    const grown = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }), fc.jsonValue({ maxDepth: 3 }))
    fc.assert(
      fc.property(grown, ([outer, inner, value]) => {
        const spec = { ...keys(outer, { inner: keys(inner), value }), value }
        expect(freeSizeIssues(spec).length > 0).toBe(count(spec) > MAX_FREE_VALUES)
      }),
    )
  })
})

describe('what etcd cannot hold', () => {
  it.each([
    ['1.02 MB of line separators', { spec: { a: '\u2028'.repeat(340_000) } }, '/spec'],
    ['1.04 MB of <', { spec: { a: '<'.repeat(1_040_000) } }, '/spec'],
    ['300 KB of &', { spec: { a: '&'.repeat(300_000) } }, '/spec'],
    [
      'extensions',
      { spec: { a: 1 }, extensions: Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`e${index}`, '>'.repeat(8_000)])) },
      '/extensions',
    ],
  ])('%s: 413 at what to shorten', async (_, body, pointer) => {
    const answer = await put(body)
    expect(answer).toMatchObject({ status: 413, pointers: [pointer] })
    expect(answer.detail).toContain(`shorten ${pointer.slice(1)}`)
  })

  it.each([
    ['1 MB of x', 'x'.repeat(1_000_000)],
    ['250 KB of <', '<'.repeat(250_000)],
  ])('%s goes on to the cluster', async (_, a) => {
    expect((await put({ spec: { a } })).status).toBe(500)
  })
})

describe('annotations', () => {
  const KEY = 'a key that Kubernetes does not take'
  it.each([
    ['annotations', { labels: {}, annotations: { a: 'x'.repeat(200_000), b: 'x'.repeat(70_000) } }, '/annotations'],
    ['kept annotations', { labels: {}, annotations: { [KEY]: 'x'.repeat(263_000) } }, '/annotations'],
    ['quotes that are kept with backslashes', { labels: {}, annotations: { [KEY]: '"'.repeat(140_000) } }, '/annotations'],
    ['kept labels', { labels: { ['x'.repeat(263_000)]: '' }, annotations: { a: 'b' } }, '/labels'],
    ['letters of several bytes', { labels: {}, annotations: { a: 'é'.repeat(140_000) } }, '/annotations'],
  ])('%s that do not fit are refused at their place', (_, tags, pointer) => {
    expect(annotationIssues(tags).map((issue) => issue.pointer)).toEqual([pointer])
  })

  it('what fits passes', () => {
    expect(annotationIssues({ labels: {}, annotations: { a: 'x'.repeat(262_143) } })).toEqual([])
    expect(annotationIssues({ labels: { [KEY]: 'v' }, annotations: { [KEY]: '"'.repeat(130_000) } })).toEqual([])
  })

  it('are refused before the cluster is asked', async () => {
    const annotations = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`a${index}`, '<'.repeat(1_000)]))
    expect(await put({ annotations, spec: {} })).toMatchObject({ status: 422, pointers: ['/annotations'] })
  })
})
