import { expect, it } from 'vitest'
import type { Attempt } from '../contract.ts'
import { NETWORK, ROUTES, SKU, writeRig } from './testing.ts'

const subnet = (ipv4: string) => ({ spec: { cidr: { ipv4 }, zone: 'a', routeTableRef: 'main' } })

/** What is told of a subnet that is outside of its network. */
async function told(deny: (attempt: Attempt) => boolean, prepare: (rig: ReturnType<typeof writeRig>) => void = () => undefined) {
  const rig = writeRig({ deny })
  rig.add('Network', 'net', { cidr: { ipv4: '10.0.0.0/16' }, skuRef: SKU })
  rig.add('RouteTable', 'net.main', { network: 'net', routes: ROUTES })
  prepare(rig)
  const answer = await rig.put(`${NETWORK}/networks/net/subnets/a`, subnet('10.1.0.0/24'))
  expect([answer.status, answer.json['sources']]).toEqual([422, [{ pointer: '/spec/cidr/ipv4', parameter: 'body' }]])
  return { detail: answer.json['detail'], attempts: rig.app.attempts }
}

it('the blocks of a network are told to who may get it', async () => {
  const { detail } = await told(() => false)
  expect(detail).toBe('spec.cidr.ipv4: 10.1.0.0/24 is not inside network "net", which has 10.0.0.0/16')
})

it('and to nobody else, in a creation as in an update', async () => {
  const hidden = ({ verb, kind, name }: Attempt) => verb === 'get' && kind.kind === 'Network' && name === 'net'
  const made = (rig: ReturnType<typeof writeRig>) =>
    void rig.add('Subnet', 'net.a', { network: 'net', cidr: { ipv4: '10.0.0.0/24' }, zone: 'a', routeTableRef: { resource: 'main' } })
  for (const prepare of [undefined, made]) {
    const { detail, attempts } = await told(hidden, prepare)
    expect(detail).toBe('spec.cidr.ipv4: 10.1.0.0/24 is not inside network "net"')
    expect(attempts.filter(({ kind }) => kind.kind === 'Network')).toMatchObject([
      { verb: 'get', tenant: 'acme', workspace: 'prod', name: 'net', namespace: 'w' },
    ])
  }
})
