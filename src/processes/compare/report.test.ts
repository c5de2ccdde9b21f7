import { describe, expect, it } from 'vitest'
import { asMarkdown } from './markdown.ts'
import { asPage } from './page.ts'
import { exitCode, sumOf } from './report.ts'
import { coverageOf, fieldRows, kindRows, leftOutRows, resourceRows } from './rows.ts'
import { REPORT } from './testing.ts'
import { stretchesOf, ticksOf } from './timeline.ts'
import { headlineOf } from './words.ts'

const [first, second] = REPORT.regions as [(typeof REPORT.regions)[0], (typeof REPORT.regions)[0]]

describe('a report', () => {
  it('has a region in numbers', () => {
    expect(sumOf(first)).toMatchObject({ ready: 2, all: 2, readyMs: 2_500, goneMs: 1_500, leftOut: 0, isWell: true })
    expect(sumOf(second)).toMatchObject({ ready: 0, all: 1, byVerdict: { refused: 1 }, leftOut: 1, isWell: true })
  })

  it('ends well only if all that is claimed got ready', () => {
    expect(exitCode(REPORT)).toBe(0)
    const late = { ...second, tracks: second.tracks.map((one) => ({ ...one, verdict: 'late' as const })) }
    expect(exitCode({ regions: [first, late] })).toBe(1)
    expect(exitCode({ regions: [late, { ...first, broken: 'interrupted' }] })).toBe(2)
  })

  it('has rows for tables', () => {
    expect(resourceRows(REPORT).map(({ kind, name, tracks }) => [kind, name, tracks.map((one) => one?.verdict)])).toEqual([
      ['Network', 'main', ['ready', undefined]],
      ['Instance', 'web', ['ready', 'refused']],
    ])
    expect(kindRows(REPORT)).toEqual([
      { kind: 'Network', count: 1, readyMs: [500, undefined] },
      { kind: 'Instance', count: 1, readyMs: [2_000, undefined] },
    ])
    expect(fieldRows('Network', REPORT.columns)).toEqual([{ path: 'cidr', abilities: ['create', 'unused'], differs: true }])
    expect(REPORT.columns.map(coverageOf)).toEqual([
      { kinds: 2, all: 2, changeable: 0, fields: 1 },
      { kinds: 1, all: 2, changeable: 0, fields: 1 },
    ])
  })
})

describe('the headline', () => {
  it('says whether all is well, and who was first', () => {
    expect(headlineOf(REPORT)).toBe('Everything got ready that the providers say they can do.')
    const slower = { ...first, name: 'eu-3', tracks: first.tracks.map((one) => ({ ...one, readyMs: 9_500 })) }
    expect(headlineOf({ mode: 'tried', regions: [slower, first, { ...second, broken: 'x' }] })).toBe(
      'Not everything got ready in eu-2. eu-1 was through first, after 2.5 s; eu-3 last, after 10 s.',
    )
  })

  it('what is left out everywhere is said once', () => {
    const { leftOut } = second
    expect(leftOutRows(REPORT)).toEqual([{ object: 'Network main', why: 'it is full', isLack: true, region: 'eu-2' }])
    expect(leftOutRows({ regions: [{ ...first, leftOut }, second] })).toEqual([
      { object: 'Network main', why: 'it is full', isLack: true, region: 'all' },
    ])
  })
})

describe('the course of time', () => {
  it('is stretches of one look each', () => {
    expect(stretchesOf(first.tracks[0]!, 9_000).map(({ look, fromMs, toMs, words }) => [look, fromMs, toMs, words])).toEqual([
      ['waiting', 500, 1_000, 'Network "main"'],
      ['creating', 1_000, 2_500, ''],
      ['active', 2_500, 3_000, ''],
      ['deleting', 3_000, 4_000, ''],
    ])
    expect(stretchesOf({ steps: [{ atMs: 5, state: 'asked' }] }, 20)).toEqual([{ look: 'waiting', fromMs: 5, toMs: 20, words: '' }])
  })

  it.each([
    [2_500, [0, 1_000, 2_000]],
    [40_000, [0, 10_000, 20_000, 30_000, 40_000]],
    [500, [0]],
  ])('of %i ms has round times', (end, ticks) => {
    expect(ticksOf(end)).toEqual(ticks)
  })
})

describe('Markdown', () => {
  const text = asMarkdown(REPORT)

  it('says it in tables whose cells hold whatever was said', () => {
    expect(text).toContain('| resources | 2 of 2 ready | 0 of 1 ready, 1 refused |')
    expect(text).toContain('| Instance web | 2.0 s | refused |')
    expect(text).toContain('| Network main | 0.5 s | left out |')
    expect(text).toContain('| eu-2 | it stayed so | Unsupported | \\<script\\>\\| no \\*Instance\\* | Instance web |')
    expect(text).toContain('| neat | eu-1 | 12 | observe 10, create 2 | throttled 1 |')
    expect(text).toContain('| eu-2 | Network main | it is full |')
    expect(text).toContain('* eu-1: zone z is not there: a was taken')
    expect(text).toContain('| cidr | when made | not in the cloud |')
  })

  it('says what was not counted', () => {
    expect(asMarkdown({ ...REPORT, calls: [], aboutCalls: 'not counted: no URL' })).toContain('Calls were not counted: no URL.')
  })
})

describe('the page', () => {
  const text = asPage(REPORT)

  it('needs nothing else, and nothing that was said becomes a part of it', () => {
    expect(text).not.toMatch(/<script|<link|<img|https?:\/\/|@import|url\(/)
    expect(text).toContain('&lt;script&gt;| no')
    expect(text).toContain("default-src 'none'")
  })

  it('says in words what its bars show', () => {
    expect(text).toContain('aria-label="waiting from 0.5 s, being made from 1.0 s, ready from 2.5 s, being deleted from 3.0 s"')
    expect(text).toMatch(/<i\s+class="creating"\s+style="left:25\.00%;width:37\.50%"\s+title="being made: 1\.0 s to 2\.5 s"\s*><\/i/)
  })

  it('is about abilities alone where nothing was tried', () => {
    const abilities = asPage({ ...REPORT, mode: 'abilities', regions: [] })
    expect(abilities).not.toContain('At a glance')
    expect(abilities).toContain('What each can do')
  })
})
