import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { publicFacts, switchesOf } from '../../providers/simulator/cloud/characters.ts'
import { tenantNamespace } from '../../src/embedded/seed.ts'
import { CloudProvider } from '../../src/kinds/operator/cloud-provider.ts'
import { Region } from '../../src/kinds/region/region.ts'
import { Workspace } from '../../src/kinds/workspace/workspace.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { applyObject } from '../../src/processes/install.ts'
import { OPERATOR_NAMESPACE } from '../support/names.ts'

/** Objects of the account that hangs. */
export const HANGING = 60

const NAME = 'hanging'
const REGION = 'hang-1'

const ACCOUNT = { name: 'acc-hanging', character: publicFacts(switchesOf(['neat'])) }

/** A cloud that says who it is and answers nothing else, with objects that want to be made there; its account is bound to a region of its own. */
export async function addHangingAccount(client: KubeClient): Promise<{ close(): Promise<void> }> {
  const server = createServer((request, response) => {
    if (request.url === '/v1/account') response.setHeader('content-type', 'application/json').end(JSON.stringify(ACCOUNT))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const tenant = tenantNamespace(NAME)
  const make = ({ apiVersion, kind }: { apiVersion: string; kind: string }, metadata: object, spec: object) => ({
    apiVersion,
    kind,
    metadata: metadata as { name: string },
    spec,
  })
  await applyObject(client, KUBERNETES.Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: NAME, namespace: OPERATOR_NAMESPACE },
    stringData: { token: 'hanging' },
  })
  const account = { type: 'simulator', credentialsSecretRef: { name: NAME }, settings: { endpoint } }
  await applyObject(client, CloudProvider.gvr, make(CloudProvider, { name: NAME }, account))
  await applyObject(client, Region.gvr, make(Region, { name: REGION }, { availableZones: ['a'], cloudProvider: NAME }))
  await applyObject(client, KUBERNETES.Namespace, tenant)
  for (let index = 0; index < HANGING; index++)
    await applyObject(
      client,
      Workspace.gvr,
      make(Workspace, { name: `w${index}`, namespace: tenant.metadata.name }, { region: REGION }) as never,
    )
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
