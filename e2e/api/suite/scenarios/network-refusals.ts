import { another, type Fixtures, respec } from '../fixtures.ts'
import { refTo, type Resource, skuRef } from '../resource.ts'
import type { Scenario, Steps } from '../steps.ts'
import { refuseEnvelopes, refusePlaces, refuseSpecs } from './constraints.ts'
import { makeNetwork } from './network.ts'

type Refuse = (steps: Steps, fixtures: Fixtures) => Promise<void>

const inWorkspace =
  (refuse: Refuse): Scenario =>
  async (steps) => {
    const fixtures = steps.fixtures()
    await steps.created(fixtures.workspace)
    await refuse(steps, fixtures)
    await steps.removed(fixtures.workspace)
  }

const inNetwork = (refuse: Refuse): Scenario =>
  inWorkspace(async (steps, fixtures) => {
    await makeNetwork(steps, fixtures)
    await refuse(steps, fixtures)
    await steps.removed(fixtures.routeTable, fixtures.gateway, fixtures.network)
  })

const envelopesOf = (choose: (fixtures: Fixtures) => Resource): Scenario =>
  inWorkspace((steps, fixtures) => refuseEnvelopes(steps, choose(fixtures)))

export const NETWORK_REFUSALS: Readonly<Record<string, Scenario>> = {
  'Network.V1.NetworkConstraintsValidation': envelopesOf(({ network }) => network),
  'Network.V1.InternetGatewayConstraintsValidation': envelopesOf(({ gateway }) => gateway),
  'Network.V1.PublicIpConstraintsValidation': envelopesOf(({ publicIp }) => publicIp),
  'Network.V1.NicConstraintsValidation': envelopesOf(({ nic }) => nic),
  'Network.V1.SecurityGroupConstraintsValidation': envelopesOf(({ group }) => group),
  'Network.V1.SecurityGroupRuleConstraintsValidation': envelopesOf(({ rule }) => rule),
  'Network.V1.RouteTableConstraintsValidation': inNetwork((steps, { routeTable }) => refuseEnvelopes(steps, routeTable)),
  'Network.V1.SubnetConstraintsValidation': inNetwork(async (steps, { subnet }) => {
    await refuseEnvelopes(steps, subnet)
    await refuseSpecs(steps, subnet, [{ zone: 'z'.repeat(33) }])
  }),
  'Network.V1.InternetGatewayError': inWorkspace((steps, { gateway }) => refusePlaces(steps, gateway)),
  'Network.V1.SecurityGroupRuleError': inWorkspace((steps, { rule }) => refusePlaces(steps, rule)),
  'Network.V1.SecurityGroupError': inWorkspace(async (steps, { group, rule }) => {
    const withRule = { ...group, spec: { ruleRefs: [refTo(rule)] } }
    await refusePlaces(steps, withRule)
    await steps.refused('an unknown rule', withRule)
  }),
  'Network.V1.PublicIpError': inWorkspace(async (steps, { publicIp }) => {
    const assigned = { ...publicIp, spec: { version: 'IPv4' } }
    await refusePlaces(steps, assigned)
    await refuseSpecs(steps, assigned, [{ version: 'IPv5' }])
  }),
  'Network.V1.NetworkError': inWorkspace(async (steps, fixtures) => {
    const { network, gateway, routeTable, tenant } = fixtures
    await refusePlaces(steps, network)
    await refuseSpecs(steps, network, [{ skuRef: skuRef('network', tenant, 'non-existent-sku') }])
    await makeNetwork(steps, fixtures)
    await steps.removalRefused(network)
    await steps.removed(routeTable, gateway, network)
  }),
  'Network.V1.RouteTableError': inWorkspace(async (steps, { network, gateway, routeTable }) => {
    for (const of of [network, gateway]) await steps.created(of)
    await refusePlaces(steps, routeTable)
    await steps.refused('an unknown network', another(routeTable, { network: 'non-existent-network' }))
    await refuseSpecs(steps, routeTable, [{ routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: refTo(another(gateway)) }] }])
    await steps.removed(gateway, network)
  }),
  'Network.V1.SubnetError': inNetwork(async (steps, { subnet, routeTable }) => {
    await refusePlaces(steps, subnet)
    await steps.refused('an unknown network', another(subnet, { network: 'non-existent-network' }))
    await refuseSpecs(steps, subnet, [
      { zone: 'invalid-zone' },
      { routeTableRef: refTo(another(routeTable)) },
      { cidr: { ipv4: '192.168.99.0/24' } },
    ])
  }),
}

/** A NIC whose public address is missing is accepted; one without a subnet is refused. */
export const nicError: Scenario = inWorkspace(async (steps, fixtures) => {
  const { network, gateway, routeTable, subnet, nic, publicIp } = fixtures
  await makeNetwork(steps, fixtures)
  await steps.created(subnet)
  await refusePlaces(steps, nic)
  await refuseSpecs(steps, nic, [{ subnetRef: refTo(another(subnet)) }])
  const early = respec(nic, { publicIpRefs: [refTo(publicIp)] })
  await steps.created(early)
  await steps.removed(early, subnet, routeTable, gateway, network)
})
