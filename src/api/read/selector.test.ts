import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { globModel } from '../../glob-testing.ts'
import { cpuMs } from '../../dev/cpu-time.ts'
import { Effort } from './effort.ts'
import { parseSelector } from './selector.ts'

const LABELS = {
  env: 'prod',
  size: '5',
  'team:billing': 'blue',
  note: 'a b',
  empty: '',
  'x/y': '-1.5',
  größe: 'übergroß',
  euro: '💶',
  precise: '9007199254740993',
  long: '9'.repeat(63),
  exponent: '1e308',
}

describe('label selector', () => {
  it.each([
    ['env=prod', true],
    ['env==prod', true],
    ['env = prod', true],
    ['env=test', false],
    ['env=prod,size=5', true],
    ['env=prod,size=6', false],
    ['env!=test', true],
    ['env!=prod', false],
    ['missing!=x', true],
    ['missing=x', false],
    ['missing=', false],
    ['empty=', true],
    ['empty', true],
    ['missing', false],
    ['!missing', true],
    ['!env', false],
    ['*nv=pr*', true],
    ['*=prod', true],
    ['e*v=*', true],
    ['*nv*=*ro*', true],
    ['*nv*=*ra*', false],
    ['*nv!=pr*', false],
    ['size>4', true],
    ['size>5', false],
    ['size>=5', true],
    ['size<6', true],
    ['size<=4', false],
    ['s*e>4', true],
    ['env>4', false],
    ['missing<4', false],
    ['x/y<0', true],
    ['team:billing=blue', true],
    ['team:billing=red', false],
    ['note=a b', true],
    ['env in (test, prod)', true],
    ['env in (test)', false],
    ['env in (p*)', true],
    ['env notin (test)', true],
    ['env notin (test,prod)', false],
    ['missing notin (a)', true],
    ['missing in (a)', false],
    ['env in (test,prod),size=5', true],
    ['env in(prod)', true],
    ['  env   notin   (  test ,  x )  ', true],
    ['empty in ()', true],
    ['env in ()', false],
    ['env in (,prod)', true],
    ['nötig=ü', false],
    ['größe=ü*', true],
    ['*öß*', true],
    ['*=💶', true],
    ['!  missing', true],
    ['precise>9007199254740992', true],
    ['precise<9007199254740993.1', true],
    ['precise>=9007199254740994', false],
    ['long>1', true],
    ['exponent>1', false],
    ['constructor', false],
    ['toString=x', false],
  ])('%s: %s', (selector, expected) => {
    expect(parseSelector(selector)(LABELS)).toBe(expected)
  })

  it.each([
    '=x',
    '!=x',
    ',',
    'a=b,',
    ',a=b',
    'a>b',
    'a>',
    'a in b',
    'a in (b',
    'a in b)',
    'in (a)',
    'a=b=c',
    'a=(b)',
    '!',
    'a=>1',
    'a>=x',
    'a in ((b))',
    'a in (b) c',
    'a in (b)(c)',
    'a(b) in (c)',
    'a=b in (c)',
    'a in in (b)',
    '!a in (b)',
    'a in',
    'a notin ',
    'ain (b)',
    '!a=b',
    'a!b',
    'a<>1',
    'a>1e308',
    'a>Infinity',
    'a>0x10',
    '   ',
  ])('refuses %s', (selector) => {
    expect(() => parseSelector(selector)).toThrow(
      expect.objectContaining({ code: 'InvalidRequest', sources: [{ pointer: '/', parameter: 'labels' }] }),
    )
  })

  it('refuses more than anybody needs', () => {
    expect(() => parseSelector(Array.from({ length: 65 }, () => 'a').join())).toThrow('terms')
    expect(() => parseSelector('a'.repeat(8_193))).toThrow('characters')
    expect(parseSelector('a'.repeat(8_192))({})).toBe(false)
  })

  it.each([
    ['a' + ' '.repeat(8_000) + 'b'],
    ['a' + ' '.repeat(4_000) + ' in' + ' '.repeat(4_000) + 'x'],
    ['a' + ' in'.repeat(2_700)],
    ['a' + ' in'.repeat(2_700) + '(b)'],
    ['a' + ' '.repeat(4_000) + '=' + ' '.repeat(4_000) + '='],
    ['('.repeat(8_000)],
    ['a>' + '1'.repeat(8_000) + 'x'],
    ['a>' + '1.'.repeat(4_000)],
    ['\u3000'.repeat(8_000) + 'a'],
    [',a'.repeat(63)],
  ])('is read from left to right without going back (%#)', async (text) => {
    const spent = await cpuMs(() => {
      for (let run = 0; run < 10; run++) expect(answer(text)).toMatch(/^(true|false|InvalidRequest)$/)
    })
    // A run was 50 to 200 ms.
    expect(spent).toBeLessThan(200)
  })

  it('takes no time for hostile globs', async () => {
    expect(parseSelector(`a=${'*a'.repeat(2_000)}b`)({ a: 'a'.repeat(63) })).toBe(false)
    const spent = await cpuMs(() => {
      expect(parseSelector(`*${'a'.repeat(4_000)}b*`)({ ['a'.repeat(200_000)]: '' })).toBe(false)
      expect(parseSelector(`* in (${Array.from({ length: 3_900 }, () => 'b').join()})`)(many(1_000, 'a'))).toBe(false)
      expect(parseSelector(`* in (${Array.from({ length: 1_900 }, () => '*b').join()})`)(many(1_000, 'a'.repeat(63)))).toBe(false)
    })
    expect(spent).toBeLessThan(500)
  })

  it('gives up on what takes too long, on one object and on all together', async () => {
    const tooLong = expect.objectContaining({ code: 'InvalidRequest', message: expect.stringContaining('takes too long') as string })
    const costly = parseSelector(`* in (${Array.from({ length: 1_300 }, (_, index) => `*a*${index % 10}*`).join()})`)
    expect(() => costly(many(10_000, 'a'.repeat(63)))).toThrow(tooLong)
    expect(() => parseSelector('*a*b*')(many(200_000, ''))).toThrow(tooLong)
    const effort = new Effort()
    const listing = () => {
      for (let object = 0; object < 1_000_000; object++) {
        costly(many(10, 'a'.repeat(63)), effort)
        effort.next()
      }
    }
    expect(await cpuMs(() => expect(listing).toThrow(tooLong))).toBeLessThan(10_000)
  })

  it('has effort to spare for ten thousand objects with twenty labels each', () => {
    const effort = new Effort()
    const usual = parseSelector('*team*=*b*l*ing*,env!=prod,size>=5,tier in (gold,silver,b*),*x*')
    const labels = many(20, 'some-value-of-a-label')
    for (let object = 0; object < 10_000; object++) {
      usual({ ...labels, env: 'test', size: '7', tier: 'gold' }, effort)
      expect(effort.next()).toBeLessThan(100_000)
    }
  })
})

const many = (count: number, value: string) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]))

type Labels = Readonly<Record<string, string>>

/** The language, as regular expressions that go back and forth: slow on hostile text, and plain to see. */
function model(text: string): ((labels: Labels) => boolean) | undefined {
  let depth = 0
  let split = ''
  for (const character of text) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (depth < 0 || depth > 1) return undefined
    split += character === ',' && depth === 0 ? '\0' : character
  }
  if (depth !== 0) return undefined
  const tests = split.split('\0').map((term) => modelTerm(term.trim()))
  return tests.includes(undefined) ? undefined : (labels) => tests.every((test) => test?.(labels) === true)
}

function modelTerm(term: string): ((labels: Labels) => boolean) | undefined {
  const parts = (labels: Labels, key: string) => Object.entries(labels).filter(([name]) => globModel(key, name))
  const isKey = (key: string | undefined): key is string => key !== undefined && key !== '' && !/[=!<>()]|\s(not)?in(\s|$)/.test(key)
  const [, setKey, setOperator, list = ''] = /^(.+?)\s+(in|notin)\s*\(([^()]*)\)$/s.exec(term) ?? []
  if (setOperator !== undefined) {
    if (!isKey(setKey)) return undefined
    const values = list.split(',').map((value) => value.trim())
    return (labels) =>
      parts(labels, setKey).some(([, value]) => values.some((pattern) => globModel(pattern, value))) === (setOperator === 'in')
  }
  const [, key, operator, value = ''] = /^([^=!<>]+?)\s*(!=|==|>=|<=|=|>|<)\s*([^=!<>()]*)$/.exec(term) ?? []
  if (operator !== undefined) {
    if (!isKey(key)) return undefined
    const number = /^[-+]?(\d+(\.\d*)?|\.\d+)$/
    const holds: Readonly<Record<string, (label: string) => boolean>> = {
      '=': (label) => globModel(value, label),
      '==': (label) => globModel(value, label),
      '!=': (label) => globModel(value, label),
      '>': (label) => number.test(label) && Number(label) > Number(value),
      '<': (label) => number.test(label) && Number(label) < Number(value),
      '>=': (label) => number.test(label) && Number(label) >= Number(value),
      '<=': (label) => number.test(label) && Number(label) <= Number(value),
    }
    if (/[<>]/.test(operator) && !number.test(value)) return undefined
    return (labels) => parts(labels, key).some(([, label]) => holds[operator]?.(label) === true) === (operator !== '!=')
  }
  const bare = term.startsWith('!') ? term.slice(1).trim() : term
  return isKey(bare) ? (labels) => parts(labels, bare).length > 0 === (bare === term) : undefined
}

describe('label selector, against an obvious model', () => {
  const label = fc.constantFrom('a', 'b', 'ab', 'in', 'notin', 'ba b', '1', '2.5', '-3', '', 'a.b')
  const labels = fc.dictionary(fc.constantFrom('a', 'b', 'ab', 'in', 'a b', 'n:a', '__proto__x'), label, { maxKeys: 4 })
  const agrees = (text: string, on: Labels): { isRefused: boolean; isMatch: boolean } => {
    const expected = model(text)
    if (expected === undefined) {
      expect(() => parseSelector(text), text).toThrow(expect.objectContaining({ code: 'InvalidRequest' }))
      return { isRefused: true, isMatch: false }
    }
    expect(parseSelector(text)(on), text).toBe(expected(on))
    return { isRefused: false, isMatch: expected(on) }
  }

  it('reads any text as the model does', () => {
    const token = fc.constantFrom(
      'a',
      'b',
      '*',
      ' ',
      '\t',
      '\n',
      'in',
      'notin',
      ' in ',
      ' notin ',
      '(',
      ')',
      ',',
      '=',
      '!',
      '<',
      '>',
      '==',
      '!=',
      '1',
      '.',
      '-',
      ':',
    )
    const text = fc.array(token, { minLength: 1, maxLength: 9 }).map((tokens) => tokens.join(''))
    let read = 0
    fc.assert(
      fc.property(text, labels, (one, on) => {
        if (!agrees(one, on).isRefused) read++
      }),
      { numRuns: 20_000 },
    )
    expect(read).toBeGreaterThan(2_000)
  })

  it('matches as the model does', () => {
    const key = fc.constantFrom('a', 'b', 'ab', '*', 'a*', '*b', '*a*', 'n:a', 'a b', 'zz')
    const value = fc.constantFrom('a', 'b*', '*', '*b', '*a*b*', '', '1', '2.5', 'zz')
    const blank = fc.constantFrom('', ' ', '  ')
    const term = fc.oneof(
      fc.tuple(key, blank, fc.constantFrom('=', '==', '!='), blank, value).map((parts) => parts.join('')),
      fc
        .tuple(key, blank, fc.constantFrom('>', '<', '>=', '<='), blank, fc.constantFrom('1', '2', '2.50', '-3', '+0'))
        .map((parts) => parts.join('')),
      fc
        .tuple(key, fc.constantFrom(' in (', ' notin(', '  in  ( '), fc.array(value, { maxLength: 3 }), fc.constant(')'))
        .map(([one, open, list, close]) => `${one}${open}${list.join(' , ')}${close}`),
      fc.tuple(fc.constantFrom('', '!', '! '), key).map((parts) => parts.join('')),
    )
    const seen = { yes: 0, no: 0 }
    fc.assert(
      fc.property(fc.array(term, { minLength: 1, maxLength: 3 }), labels, (terms, on) => {
        const { isRefused, isMatch } = agrees(terms.join(','), on)
        expect(isRefused).toBe(false)
        seen[isMatch ? 'yes' : 'no']++
      }),
      { numRuns: 10_000 },
    )
    expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(1_000)
  })
})

/** What a selector says of `a=1`, or the code that it is refused with. */
function answer(text: string): string {
  try {
    return String(parseSelector(text)({ a: '1' }))
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}
