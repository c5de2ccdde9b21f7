import { expect, test } from 'vitest'
import { closedFor } from './way-out.ts'

const gateway = (egressOnly: boolean) => ({ path: { kind: 'InternetGateway' }, spec: { egressOnly } })
const behind = (table: object | undefined) => closedFor({ targets: { subnetRef: { targets: { routeTableRef: table } } } } as never)
const table = (destinationCidrBlock: string, target?: object) => ({
  spec: { routes: [{ destinationCidrBlock: '192.0.2.0/24' }, { destinationCidrBlock }] },
  targets: { 'routes[1].targetRef': target },
})

test('a default route to a gateway that goes both ways lets public IPs in', () => {
  expect(behind(table('0.0.0.0/0', gateway(false)))).toBeUndefined()
})

test.each([
  ['one that goes out alone', table('0.0.0.0/0', gateway(true)), 'egress-only', false],
  ['no default route', table('10.0.0.0/8', gateway(false)), 'has no way out', false],
  ['a gateway that is gone', table('0.0.0.0/0'), 'has no way out', false],
  ['no table', undefined, 'has no route table', true],
])('%s does not', (_what, given, words, isUnknown) => {
  expect(behind(given)).toEqual({ words: expect.stringContaining(words), isUnknown })
})
