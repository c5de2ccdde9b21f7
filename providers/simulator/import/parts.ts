import type { Unmanaged } from '../../../src/provider/contract.ts'
import { toId } from '../../../src/provider/unmanaged.ts'
import type { CloudObject } from '../client.ts'

/** What the gateway is called, and each network's route table, that stand for what the cloud does by itself. */
export const WAY_OUT = 'internet'

/** SECA's subnets have a route table, and a cloud that routes by itself has none: one for each network says what it does. */
export function* madeUp(vpcs: readonly CloudObject[]): Generator<Unmanaged> {
  if (vpcs.length > 0) yield { kind: 'InternetGateway', name: WAY_OUT, spec: { egressOnly: false } }
  const routes = [{ destinationCidrBlock: '0.0.0.0/0', targetRef: toId('InternetGateway', WAY_OUT) }]
  for (const { id: parentId, project } of vpcs)
    yield { kind: 'RouteTable', name: WAY_OUT, parentId, workspaceId: String(project), spec: { routes } }
}
