import { expect, test } from 'vitest'
import type { SecurityGroup } from '../../../src/kinds/index.ts'
import type { Desired, Observed } from '../../../src/provider/contract.ts'
import { type FailureClass, ProviderError } from '../../../src/provider/errors.ts'
import type { NetworkClient } from './client.ts'
import { differenceOf, securityGroup, securityGroupAdapter } from './security-group.ts'

type D = typeof SecurityGroup
const plain = { port_range_min: null, port_range_max: null, remote_ip_prefix: null, remote_group_id: null }
const everybody = { id: 'everybody', direction: 'ingress', ethertype: 'IPv4', protocol: null, ...plain } as const
const wanted = { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ...plain } as const
const group = { id: 'g', security_group_rules: [everybody] }

test('missing and surplus, by what rules allow', () => {
  expect(differenceOf(group, [wanted])).toEqual({ missing: [wanted], surplus: [everybody] })
  expect(differenceOf(group, [{ ...everybody, remote_ip_prefix: '0.0.0.0/0' }])).toEqual({ missing: [], surplus: [] })
})

/** What is taken away while the cloud refuses to add the rule that is missing, and how that ends. */
async function refusedWith(failure: FailureClass, rules: readonly object[] = [everybody]) {
  const gone: string[] = []
  const client = {
    get: () => Promise.resolve({ id: 'g', security_group_rules: rules }),
    call: () => Promise.reject(new ProviderError(failure, 'no')),
    delete: (_place: unknown, id: string) => Promise.resolve(void gone.push(id)),
  } as unknown as NetworkClient
  const desired = { spec: { rules: [{ direction: 'ingress', version: 'IPv4', protocol: 'tcp' }] }, targets: {} } as unknown as Desired<D>
  const seen: Observed<D> = { externalId: 'g', status: {}, drift: ['rules'] }
  const update = securityGroupAdapter(client).update?.(desired, seen, { signal: AbortSignal.timeout(1_000) })
  const end = await Promise.resolve(update).then(
    () => 'looks again',
    (thrown: ProviderError) => thrown.failure,
  )
  return [gone, end]
}

test('what is too much goes though the cloud refuses what is missing, and stays while that may be added a moment later', async () => {
  expect(await refusedWith('quota')).toEqual([['everybody'], 'looks again'])
  expect(await refusedWith('rejected')).toEqual([['everybody'], 'looks again'])
  expect(await refusedWith('quota', [])).toEqual([[], 'quota'])
  expect(await refusedWith('transient')).toEqual([[], 'transient'])
  expect(await refusedWith('waiting')).toEqual([[], 'waiting'])
})

test("no group gets the name of the project's own", () => {
  const named = (name: string) => securityGroup.initial?.({ path: { name } } as Desired<D>)
  expect([named('default'), named('web')]).toEqual([{ name: 'seca-default' }, {}])
})

test('what IPv6 has no message for is told, unless IPv4 has it', () => {
  const rule = (version?: string) => ({ direction: 'ingress', protocol: 'icmp', version, icmp: { type: 5, code: 0 } })
  const itemsOf = (...rules: readonly object[]) => securityGroup.items?.(group, { spec: { rules }, targets: {} } as unknown as Desired<D>)
  expect(itemsOf(rule(), rule('IPv4'))).toEqual({})
  expect(itemsOf(rule(), rule('IPv6'))).toEqual({
    'rules[1]': { state: 'error', message: expect.stringContaining('no message like type 5') },
  })
})
