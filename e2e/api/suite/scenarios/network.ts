import { CREATED, changed } from '../asserts.ts'
import { CONFORMANCE, type Fixtures, respec, several } from '../fixtures.ts'
import { refTo, type Resource } from '../resource.ts'
import type { Scenario, Steps } from '../steps.ts'

/** Makes the resource, changes its spec, and waits both times. */
async function lifeCycle(steps: Steps, of: Resource, change: Readonly<Record<string, unknown>>): Promise<void> {
  await steps.created(of)
  await changeOnly(steps, of, change)
}

async function changeOnly(steps: Steps, of: Resource, change: Readonly<Record<string, unknown>>): Promise<void> {
  const updated = respec(of, change)
  await steps.update(updated)
  await steps.active(updated, changed(CREATED))
}

/** A network that can be used: the suite waits for it last, after its gateway and its route table. */
export async function makeNetwork(steps: Steps, { network, gateway, routeTable }: Fixtures): Promise<void> {
  await steps.create(network)
  await steps.created(gateway)
  await steps.created(routeTable)
  await steps.active(network)
}

const towards = (target: Resource) => ({ routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: refTo(target) }] })
const secondAddress = ({ net }: Fixtures) => ({ addresses: [`10.1.${net}.2`] })
// The suite draws the SKU again, and SKUs are fixed: the draw that changes nothing is the one that can pass.
const SAME = {}

export const NETWORK: Readonly<Record<string, Scenario>> = {
  'Network.V1.ProviderLifeCycle': async (steps) => {
    const fixtures = steps.fixtures()
    const { workspace, network, gateway, routeTable, subnet, publicIp, nic, rule, group, volume, instance } = fixtures
    await steps.created(workspace)
    await steps.create(network)
    await lifeCycle(steps, gateway, { egressOnly: true })
    await steps.created(routeTable)
    await steps.active(network)
    // The instance comes later.
    await changeOnly(steps, routeTable, towards(instance))
    await changeOnly(steps, network, SAME)
    await lifeCycle(steps, subnet, { zone: 'b' })
    // The public address comes later.
    await lifeCycle(steps, respec(nic, { publicIpRefs: [refTo(publicIp)] }), secondAddress(fixtures))
    await lifeCycle(steps, publicIp, { address: '52.93.126.2' })
    await lifeCycle(steps, rule, { direction: 'egress' })
    const withRule = { ...group, spec: { ruleRefs: [refTo(rule)] } }
    await lifeCycle(steps, withRule, { rules: [{ direction: 'ingress' }] })
    for (const of of [volume, instance]) await steps.created(of)
    await steps.removed(instance, volume, rule, group, nic, publicIp, subnet, routeTable, gateway, network, workspace)
  },
  'Network.V1.ProviderQueries': async (steps) => {
    const fixtures = steps.fixtures()
    const { workspace, network, gateway, routeTable, subnet, publicIp, nic, rule, group } = fixtures
    await steps.create(workspace)
    const networks = [{ ...network, labels: CONFORMANCE }, ...several(network, 1)]
    const gateways = [{ ...gateway, labels: CONFORMANCE }, ...several(gateway, 1)]
    const routeTables = [{ ...routeTable, labels: CONFORMANCE }, ...several(routeTable, 1)]
    const subnets = [{ ...subnet, labels: CONFORMANCE }, ...several(subnet, 1)]
    const publicIps = several(publicIp, 2)
    const nics = several(nic, 2)
    const rules = several(rule, 2)
    const groups = several(group, 2)
    for (const all of [networks, gateways, routeTables, subnets, publicIps, nics, rules, groups]) {
      for (const of of all) await steps.create(of)
      await steps.lists(all, { isAll: true })
    }
    for (const query of ['', 'limit=1']) await steps.skus(network.kind, query)
    await steps.removed(...rules, ...groups, ...nics, ...publicIps, ...subnets, ...routeTables, ...gateways, ...networks, workspace)
  },
  'Network.V1.NetworkLifeCycle': async (steps) => {
    const fixtures = steps.fixtures()
    const { workspace, network, gateway, routeTable } = fixtures
    await steps.created(workspace)
    await makeNetwork(steps, fixtures)
    await changeOnly(steps, network, SAME)
    await steps.removed(gateway, routeTable, network, workspace)
  },
  'Network.V1.SubnetLifeCycle': async (steps) => {
    const fixtures = steps.fixtures()
    const { workspace, network, gateway, routeTable, subnet } = fixtures
    await steps.created(workspace)
    await makeNetwork(steps, fixtures)
    await lifeCycle(steps, subnet, { zone: 'b' })
    await steps.removed(subnet, gateway, routeTable, network, workspace)
  },
  'Network.V1.RouteTableLifeCycle': async (steps) => {
    const fixtures = steps.fixtures()
    const { workspace, network, gateway, routeTable, instance } = fixtures
    await steps.created(workspace)
    await makeNetwork(steps, fixtures)
    await changeOnly(steps, routeTable, towards(instance))
    await steps.removed(gateway, routeTable, network, workspace)
  },
  'Network.V1.NicLifeCycle': async (steps) => {
    const fixtures = steps.fixtures()
    const { workspace, network, gateway, routeTable, subnet, nic } = fixtures
    await steps.created(workspace)
    await makeNetwork(steps, fixtures)
    await steps.created(subnet)
    await lifeCycle(steps, nic, secondAddress(fixtures))
    // Nobody deletes the subnet: it goes with its network.
    await steps.removed(nic, gateway, routeTable, network, workspace)
  },
  'Network.V1.InternetGatewayLifeCycle': async (steps) => inWorkspace(steps, ({ gateway }) => [gateway, { egressOnly: true }]),
  'Network.V1.PublicIpLifeCycle': async (steps) => inWorkspace(steps, ({ publicIp }) => [publicIp, { address: '52.93.126.2' }]),
  'Network.V1.SecurityGroupRuleLifeCycle': async (steps) => inWorkspace(steps, ({ rule }) => [rule, { direction: 'egress' }]),
  'Network.V1.SecurityGroupLifeCycle': async (steps) => inWorkspace(steps, ({ group }) => [group, { rules: [{ direction: 'egress' }] }]),
}

type Change = readonly [of: Resource, change: Readonly<Record<string, unknown>>]

/** The life of what needs nothing but a workspace. */
async function inWorkspace(steps: Steps, choose: (fixtures: Fixtures) => Change): Promise<void> {
  const fixtures = steps.fixtures()
  const [of, change] = choose(fixtures)
  await steps.created(fixtures.workspace)
  await lifeCycle(steps, of, change)
  await steps.removed(of, fixtures.workspace)
}
