import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { globModel } from '../../glob-testing.ts'
import { cpuMs } from '../../dev/cpu-time.ts'
import { kindNamed } from '../../kinds/index.ts'
import type { Attempt } from '../contract.ts'
import { Resources } from './resources.ts'

const attempt = (kind: string, name?: string, parent?: string): Attempt => ({
  verb: name === undefined ? 'list' : 'get',
  kind: kindNamed(kind)!,
  region: 'eu-1',
  tenant: 'acme',
  ...(name === undefined ? {} : { name }),
  ...(parent === undefined ? {} : { parent }),
})

/** The rule, word by word (contract §7.2, §11.10, §11.19). */
function model(pattern: string, { kind, name, parent = '' }: Attempt): boolean {
  if (pattern === '*') return true
  const words = pattern.split('/')
  const isSku = kind.catalog === true && kind.collection === 'skus'
  const exact = (wanted: string) => (word: string) => word === wanted
  const like = (wanted: string) => (word: string) => globModel(word, wanted)
  const forms = [[like(kind.collection)]]
  if (kind.kind === 'Subnet') forms.push([exact('networks'), exact('subnets')], [exact('networks'), like(parent), exact('subnets')])
  return forms.some((form) => {
    if (!form.every((fits, index) => words[index] !== undefined && fits(words[index]))) return false
    const rest = words.slice(form.length)
    if (name === undefined) return rest.length === 0 || (rest.length === 1 && rest[0] === '*')
    const [last = ''] = rest
    return rest.length === 1 && (isSku ? globModel(last.toLowerCase(), name.toLowerCase()) : globModel(last, name))
  })
}

const part = fc.constantFrom(
  'instances',
  'networks',
  'subnets',
  'skus',
  '*',
  '**',
  's*',
  '*s',
  '*e*s',
  'net',
  'n*',
  'a',
  'A',
  'aB',
  '*A*b',
  '',
)
const pattern = fc.array(part, { minLength: 1, maxLength: 5 }).map((words) => words.join('/'))
const name = fc.option(fc.constantFrom('a', 'A', 'ab', 'net', 'subnets', 'axb', ''), { nil: undefined })
const asked = fc.oneof(
  fc
    .tuple(fc.constantFrom('Instance', 'Network', 'InstanceSku', 'NetworkSku', 'StorageSku'), name)
    .map(([kind, one]) => attempt(kind, one)),
  fc.tuple(name, fc.constantFrom('net', 'n', 'subnets', 'a')).map(([one, parent]) => attempt('Subnet', one, parent)),
)

describe('resources of a permission', () => {
  it('cover what one of their patterns covers', () => {
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 6 }), asked, (patterns, what) => {
        expect(new Resources(patterns).covers(what)).toBe(patterns.some((one) => model(one, what)))
      }),
      { numRuns: 10_000 },
    )
  })

  it.each(['InstanceSku', 'StorageSku', 'NetworkSku'])('name %s without case, as SKUs are named', (kind) => {
    for (const one of ['skus/DS', 'skus/ds', 'skus/D*', 'skus/*S', '*/Ds']) {
      expect(new Resources([one]).covers(attempt(kind, 'ds'))).toBe(true)
      expect(new Resources([one]).covers(attempt(kind, 'DS'))).toBe(true)
      expect(new Resources([one]).covers(attempt(kind, 'xx'))).toBe(false)
    }
    expect(new Resources(['SKUS/ds']).covers(attempt(kind, 'ds'))).toBe(false)
    expect(new Resources(['instances/WEB']).covers(attempt('Instance', 'web'))).toBe(false)
  })

  it('cost the same however many there are, but for those with stars', async () => {
    const many = new Resources(Array.from({ length: 65_536 }, (_, index) => `instances/n${index}`))
    const spent = await cpuMs(() => {
      for (let index = 0; index < 1_000; index++) expect(many.covers(attempt('Instance', `n${index + 65_000}`))).toBe(index < 536)
    })
    expect(spent).toBeLessThan(200)
  })
})
