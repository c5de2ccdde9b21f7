import { expect, test } from 'vitest'
import { type CloudRule, firewallOf, ruleOf } from './filtering.ts'

const ANY: CloudRule = { direction: 'in', family: null, protocols: null, ports: null, icmp: null, peers: null }
const kindOf = (id: string) => (id.startsWith('vpc') ? 'Network' : undefined)

test.each<[string, Partial<CloudRule>, object]>([
  ['everything', {}, {}],
  [
    'single ports',
    {
      protocols: ['tcp'],
      ports: [
        [80, 80],
        [443, 443],
      ],
    },
    { protocol: 'tcp', ports: { from: 80, list: [443] } },
  ],
  [
    'a range and a port',
    {
      ports: [
        [80, 90],
        [443, 443],
      ],
    },
    { ports: { from: 80, to: 90, list: [443] } },
  ],
  ['ping', { protocols: ['icmp'], icmp: { type: 8, code: 0 } }, { protocol: 'icmp', icmp: { type: 8, code: 0 } }],
  [
    'blocks and objects',
    { family: 4, peers: ['10.0.0.0/8', 'vpc-1', 'gone'] },
    { version: 'IPv4', sourceRef: [{ resource: '10.0.0.0/8' }, { resource: '@Network/vpc-1' }, { resource: '@SecurityGroup/gone' }] },
  ],
])('%s has words', (_what, rule, words) => {
  expect(ruleOf({ ...ANY, ...rule }, { kindOf })).toEqual({ direction: 'ingress', ...words })
})

test.each<[string, Partial<CloudRule>]>([
  ['nobody, which SECA would take for anybody', { peers: [] }],
  ['no port, which SECA would take for all', { ports: [] }],
  ['no protocol', { protocols: [] }],
  [
    'two ranges',
    {
      ports: [
        [1, 2],
        [5, 6],
      ],
    },
  ],
  ['protocols that are not named together', { protocols: ['udp', 'icmp'] }],
  ['a message that SECA has no number for', { protocols: ['icmp'], icmp: { type: 11, code: 0 } }],
])('%s has none', (_what, rule) => {
  expect(ruleOf({ ...ANY, ...rule }, { kindOf })).toEqual(expect.any(String))
})

test('a group is told without what has no words, and says so', () => {
  const common = { tag: '', labels: {}, metadata: {}, state: 'ready' } as const
  const firewall = { id: 'fwl', name: 'web', ...common, filters: [], rules: [ANY, { ...ANY, peers: [] }] }
  const account = { hasParts: false, fieldsOf: () => undefined, kindOf }
  expect(firewallOf(firewall, account)).toMatchObject({
    spec: { rules: [{ direction: 'ingress' }] },
    remarks: [expect.stringContaining('nobody')],
  })
})
