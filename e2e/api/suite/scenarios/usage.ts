import { expect } from 'vitest'
import { another, type Fixtures, respec, USERS } from '../fixtures.ts'
import { refTo, type Resource } from '../resource.ts'
import type { Scenario, Steps } from '../steps.ts'
import { haMultiZone } from './compute.ts'
import { makeNetwork } from './network.ts'

async function makeStack(steps: Steps, fixtures: Fixtures, nic: Resource): Promise<void> {
  const { workspace, volume, subnet, group, publicIp, instance } = fixtures
  for (const of of [workspace, volume]) await steps.created(of)
  await makeNetwork(steps, fixtures)
  for (const of of [subnet, group, publicIp, nic, instance]) await steps.created(of)
}

const withPublicIp = ({ nic, publicIp }: Fixtures) => respec(nic, { publicIpRefs: [refTo(publicIp)] })

/** Everything is deleted at once, users first; nobody waits. */
const removeStack = (steps: Steps, fixtures: Fixtures): Promise<void> => {
  const { workspace, volume, network, gateway, routeTable, subnet, group, publicIp, nic, instance } = fixtures
  return steps.remove(instance, nic, publicIp, group, subnet, routeTable, gateway, network, volume, workspace)
}

export const USAGE: Readonly<Record<string, Scenario>> = {
  'Usage.V1.HaMultiZone': haMultiZone,
  'Usage.V1.PrivateSecureWorkspace': async (steps) => {
    const fixtures = steps.fixtures()
    const { workspace, volume, network, routeTable, subnet, nic, instance } = fixtures
    const gateway = respec(fixtures.gateway, { egressOnly: true })
    const group = respec(fixtures.group, { rules: [{ direction: 'ingress' }, { direction: 'egress' }] })
    for (const of of [workspace, volume]) await steps.created(of)
    await steps.create(network)
    for (const of of [gateway, routeTable]) await steps.created(of)
    await steps.active(network)
    for (const of of [subnet, group, nic, instance]) await steps.created(of)
    await steps.remove(instance, nic, group, subnet, routeTable, gateway, network, volume, workspace)
  },
  'Usage.V1.MultiWorkspaceIsolation': async (steps) => {
    const stacks = [steps.fixtures(1), steps.fixtures(2)]
    const workspaces = stacks.map(({ workspace }) => workspace.name)
    const permissions = [
      ['seca.workspace/v1', 'workspaces'],
      ['seca.network/v1', 'networks'],
      ['seca.compute/v1', 'instances'],
      ['seca.storage/v1', 'block-storages'],
    ].map(([provider, resource]) => ({ provider, resources: [resource], verb: ['GET'] }))
    const { role: grants, assignment: grant } = steps.fixtures()
    const role = another(respec(grants, { permissions }))
    const assignment = respec(grant, { roles: [role.name], subs: [USERS[1]], scopes: [{ workspaces }] })
    for (const of of [role, assignment]) await steps.created(of)
    for (const stack of stacks) await makeStack(steps, stack, withPublicIp(stack))
    for (const { instance, workspace } of stacks) {
      expect(await steps.names('seca.compute', `/v1/tenants/${steps.tenant}/workspaces/${workspace.name}/instances`, 'instances')).toEqual([
        instance.name,
      ])
    }
    for (const stack of stacks) await removeStack(steps, stack)
    await steps.remove(assignment, role)
  },
}

/** An image of a volume that is not there yet is refused; all else goes as the suite has it. */
export const foundationProviders: Scenario = async (steps) => {
  const fixtures = steps.fixtures()
  const { role, assignment, workspace, volume, image, network, gateway, routeTable, subnet, group, publicIp, instance } = fixtures
  for (const of of [role, assignment, workspace]) await steps.created(of)
  await steps.refused('an image without its volume', image)
  for (const of of [volume, image]) await steps.created(of)
  await makeNetwork(steps, fixtures)
  const nic = withPublicIp(fixtures)
  for (const of of [subnet, group, publicIp, nic, instance]) await steps.created(of)
  await steps.remove(instance, group, nic, publicIp, subnet, routeTable, gateway, network, volume, image, workspace, assignment, role)
}
