import { describe, expect, it } from 'vitest'
import { type Check, examine, fail, ok } from './check.ts'
import { asJson, asTable, exitCode } from './report.ts'
import { ward } from './testing.ts'

const check = (name: string, run: Check['run'], more: Partial<Check> = {}): Check => ({ name, about: '', run, ...more })

describe('an examination', () => {
  it('tells of a check that fails itself, and goes on', async () => {
    const broken = check('a', () => Promise.reject(new Error('oops')))
    const found = await examine([broken, check('b', async () => [ok('fine')])], ward().exam)
    expect(found.map(({ check: name, verdict }) => [name, verdict])).toEqual([
      ['a', 'unchecked'],
      ['b', 'ok'],
    ])
    expect(found[0]?.seen).toContain('oops')
  })

  it('says of everything after what all stands on that it was not looked at', async () => {
    const gate = check('a', async () => [fail('down', 'up')], { isGate: true })
    const found = await examine([gate, check('b', async () => [ok('fine')]), check('c', async () => [])], ward().exam)
    expect(found.map(({ verdict }) => verdict)).toEqual(['fail', 'unchecked', 'unchecked'])
  })
})

describe('an answer', () => {
  const finding = (verdict: 'ok' | 'warn' | 'fail' | 'unchecked') => ({ check: 'x', verdict, seen: 's' })

  it.each([
    [0, ['ok', 'ok']],
    [1, ['ok', 'warn']],
    [1, ['ok', 'unchecked']],
    [2, ['warn', 'fail', 'ok']],
    [1, []],
  ] as const)('%s: %j', (code, verdicts) => expect(exitCode(verdicts.map(finding))).toBe(code))

  it('is a line for each finding, with what to do below', () => {
    const findings = [
      { check: 'kinds', verdict: 'ok' as const, seen: '19 kinds' },
      { check: 'policy', verdict: 'fail' as const, seen: 'it is\nmissing', todo: 'install it' },
    ]
    expect(asTable(findings).split('\n')).toEqual([
      'ok         kinds   19 kinds',
      'fail       policy  it is missing',
      '                   → install it',
      '',
      '1 ok, 1 fail',
      '',
    ])
    expect(JSON.parse(asJson(findings))).toEqual({ counts: { ok: 1, unchecked: 0, warn: 0, fail: 1 }, findings })
  })
})
