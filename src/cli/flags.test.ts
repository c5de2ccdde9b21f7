import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { fields } from './fields.ts'
import { readFlags } from './flags.ts'

const KNOWN = fields(z.object({ workers: z.int(), clean: z.boolean(), dataDir: z.string() }))

function read(...args: string[]) {
  const problems: string[] = []
  const found = readFlags(KNOWN, args, problems)
  return { found: Object.fromEntries([...found].map(([name, { value }]) => [name, value])), problems }
}
const good = (...args: string[]) => {
  const { found, problems } = read(...args)
  expect(problems).toEqual([])
  return found
}

describe('flags', () => {
  it('leave one argument alone for the operand', () => {
    const known = fields(z.object({ clean: z.boolean(), manifests: z.string().meta({ operand: true }) }))
    const problems: string[] = []
    expect([...readFlags(known, ['a/b', '--clean', 'c'], problems)].map(([name, { value }]) => [name, value])).toEqual([
      ['--manifests', 'a/b'],
      ['--clean', true],
    ])
    expect(problems).toEqual(['unexpected argument c'])
  })

  it('take their value after a space or an equals sign; the last of several wins', () => {
    expect(good('--workers', '3', '--data-dir=a=b', '--config', 'c.yaml')).toEqual({
      '--workers': 3,
      '--data-dir': 'a=b',
      '--config': 'c.yaml',
    })
    expect(good('--workers=1', '--workers', '2')).toEqual({ '--workers': 2 })
    expect(good('--data-dir=')).toEqual({ '--data-dir': '' })
  })

  it('are true alone, and what is said after an equals sign', () => {
    expect(good('--clean', '--workers=1')).toEqual({ '--clean': true, '--workers': 1 })
    expect(good('--clean=false')).toEqual({ '--clean': false })
    expect(good('--clean=maybe')).toEqual({ '--clean': 'maybe' })
    expect(read('--clean', 'false').problems).toEqual(['unexpected argument false'])
  })

  it('take values that begin with a hyphen, with two only after an equals sign', () => {
    expect(good('--workers', '-5', '--data-dir', '-x')).toEqual({ '--workers': -5, '--data-dir': '-x' })
    expect(good('--data-dir=--clean')).toEqual({ '--data-dir': '--clean' })
    expect(read('--data-dir', '--clean', '--workers')).toEqual({
      found: { '--clean': true },
      problems: ['--data-dir needs a value', '--workers needs a value'],
    })
  })

  it.each([
    [['--wrokers', '3'], ['unknown flag --wrokers; did you mean --workers?']],
    [
      ['--wrokers=3', 'extra'],
      ['unknown flag --wrokers; did you mean --workers?', 'unexpected argument extra'],
    ],
    [['--no-clean'], ['unknown flag --no-clean; did you mean --clean?']],
    [['-abc', 'x'], ['unknown flag -abc']],
    [['-'], ['unknown flag -']],
    [
      ['--', '--workers'],
      ['unknown flag --', 'unknown flag --workers; did you mean --workers?'],
    ],
    [
      ['one', 'two'],
      ['unexpected argument one', 'unexpected argument two'],
    ],
    [
      ['--__proto__=1', '--constructor', '2'],
      ['unknown flag --__proto__', 'unknown flag --constructor'],
    ],
  ])('%j are told: %j', (args, problems) => {
    expect(read(...args)).toEqual({ found: {}, problems })
  })

  it('read back whatever was written, in any order', () => {
    const given = fc.record(
      { '--workers': fc.integer(), '--clean': fc.boolean(), '--data-dir': fc.string(), '--config': fc.string() },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(given, fc.boolean(), (values, withSpace) => {
        const args = Object.entries(values).flatMap(([flag, value]) =>
          withSpace && flag !== '--clean' && !String(value).startsWith('--') ? [flag, String(value)] : [`${flag}=${value}`],
        )
        expect(good(...args)).toEqual(values)
      }),
    )
  })
})
