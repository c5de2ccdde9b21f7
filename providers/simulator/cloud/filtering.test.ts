import { describe, expect, it } from 'vitest'
import { filters, firewalls } from './filtering.ts'
import type { Surroundings } from './model.ts'

const cloud = { find: (id: string) => (id === 'srv-1' ? { id } : undefined) } as unknown as Surroundings
const RULE = { direction: 'in', family: null, protocols: null, ports: null, icmp: null, peers: null }
const stateOf = (rule: object) => {
  const { rule: seen } = filters.view!({ rule: { ...RULE, ...rule } }, cloud) as { rule: { state: string; reason?: string } }
  return seen.reason === undefined ? seen.state : `${seen.state}: ${seen.reason}`
}

describe('a rule', () => {
  it.each<[object, string]>([
    [{}, 'applied'],
    [
      {
        protocols: ['tcp'],
        ports: [
          [1, 65_535],
          [80, 80],
        ],
      },
      'applied',
    ],
    [{ protocols: ['icmp'], icmp: { type: 8, code: 0 } }, 'applied'],
    [{ icmp: { type: 8, code: 0 } }, 'applied'],
    [{ family: 4, peers: ['10.0.0.0/8', '10.0.0.1', 'srv-1'] }, 'applied'],
    [{ family: 6, peers: ['fd00::/8'] }, 'applied'],
    [{ peers: [] }, 'applied'],
    [{ protocols: ['tcp', 'icmp'], ports: [[80, 80]] }, 'refused: ICMP has no ports'],
    [{ protocols: ['tcp'], icmp: { type: 8, code: 0 } }, 'refused: an ICMP type needs the protocol icmp'],
    [
      {
        ports: [
          [1, 2],
          [81, 80],
        ],
      },
      'refused: port range 81-80 is upside down',
    ],
    [{ family: 4, peers: ['fd00::/8'] }, 'refused: fd00::/8 is not IPv4'],
    [{ family: 6, peers: ['10.0.0.1'] }, 'refused: 10.0.0.1 is not IPv6'],
    [{ peers: ['10.0.0.1', 'srv-2'] }, 'waiting: srv-2 does not exist'],
  ])('%j is %s', (rule, expected) => expect(stateOf(rule)).toBe(expected))

  it('of a firewall is seen with its state', () => {
    expect(firewalls.view!({ filters: ['f'], rules: [RULE, { ...RULE, peers: ['srv-2'] }] }, cloud)).toEqual({
      filters: ['f'],
      rules: [
        { ...RULE, state: 'applied' },
        { ...RULE, peers: ['srv-2'], state: 'waiting', reason: 'srv-2 does not exist' },
      ],
    })
  })
})
