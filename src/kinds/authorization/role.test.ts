import { describe, expect, it } from 'vitest'
import { Role } from './role.ts'

const permission = (resources: string[]) => ({ provider: 'seca.compute', resources, verb: ['get'] })
const many = (count: number, resource: string) => Array.from({ length: count }, (_, index) => `${resource}${index}`)

describe('role', () => {
  it.each([
    [[many(256, 'instances/*a'), many(256, 'b*/')], true],
    [[many(256, 'instances/*a'), many(256, 'b*/'), ['*']], false],
    [Array.from({ length: 256 }, () => many(256, 'instances/n')), true],
  ])('bounds what has to be tried in every decision, not what is looked up (%#)', (resources, expected) => {
    const result = Role.spec.safeParse({ permissions: resources.map(permission) })
    const refusal = [{ path: ['permissions'], message: expect.stringContaining('at most 512 resources') as string }]
    expect(result).toMatchObject(expected ? { success: true } : { success: false, error: { issues: refusal } })
  })
})
