import { describe, expect, it } from 'vitest'
import { SecurityGroup, SecurityGroupRule } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { Refusal } from '../problem.ts'
import { invalid, parseInput } from './input.ts'

/** The stored spec, as text, or the pointers of the refusal. */
function read(kind: Kind, spec: string): string | string[] {
  try {
    return JSON.stringify(parseInput(kind, { spec: JSON.parse(spec) as unknown }).spec)
  } catch (error) {
    return (error as Refusal).sources.map(({ pointer }) => pointer)
  }
}

it('of a place the first issue is told', () => {
  const refusal = invalid([
    { pointer: '/spec/zone', message: 'cannot be changed' },
    { pointer: '/spec/zone', message: 'must name a zone' },
    { pointer: '/spec/a', message: 'is wrong' },
  ])
  expect(refusal.sources.map(({ pointer }) => pointer)).toEqual(['/spec/zone', '/spec/a'])
  expect(refusal.message).toBe('spec.zone: cannot be changed; spec.a: is wrong')
})

describe('maps inside of a spec', () => {
  it('are kept as sent', () => {
    const spec = '{"direction":"ingress","annotations":{"a/b":"x","constructor":"y","":"z"}}'
    expect(read(SecurityGroupRule, spec)).toBe(spec)
  })

  it('or refused at the key that would be lost', () => {
    expect(read(SecurityGroupRule, '{"direction":"ingress","annotations":{"__proto__":"x"}}')).toEqual(['/spec/annotations/__proto__'])
    const rules = '{"rules":[{"direction":"egress"},{"direction":"egress","annotations":{"a":"b","__proto__":"x"}}]}'
    expect(read(SecurityGroup, rules)).toEqual(['/spec/rules/1/annotations/__proto__'])
  })

  it('elsewhere such a key is an unknown field like others', () => {
    expect(read(SecurityGroupRule, '{"direction":"ingress","__proto__":{"version":"IPv4"}}')).toBe('{"direction":"ingress"}')
    expect(read(SecurityGroup, '{"rules":5}')).toEqual(['/spec/rules'])
  })
})
