import type { ResourceAdapter } from '../../../src/provider/contract.ts'
import type { Translation } from '../../../src/provider/translation.ts'
import type { KindDefinition } from '../../../src/kinds/kind.ts'
import type { Part } from '../part.ts'
import type { Native } from '../native.ts'
import type { Projects } from '../identity/projects.ts'
import type { Session } from '../identity/session.ts'
import { NetworkClient } from './client.ts'
import { ExternalNetwork } from './external.ts'
import { internetGateway, internetGatewayAbility } from './internet-gateway.ts'
import { networkIn } from './network.ts'
import { nic, PortAdapter, portCollection } from './nic.ts'
import { floatingIpCollection, publicIp } from './public-ip.ts'
import { RouterAdapter, routerCollection, routeTable } from './route-table.ts'
import { securityGroup, securityGroupAdapter, sharedRule, sharedRuleAbility } from './security-group.ts'
import { subnet, SubnetAdapter, subnetCollection } from './subnet.ts'

type Translations = Readonly<Record<string, Translation<KindDefinition, Native>>>

/** Kinds that live in Neutron. */
export function networkPart(session: Session, projects: Projects): Part & { readonly client: NetworkClient } {
  const external = new ExternalNetwork(session)
  const client = new NetworkClient(session, projects, (own) => [
    subnetCollection(own),
    routerCollection(own, external),
    { path: 'security-groups', singular: 'security_group', plural: 'security_groups' },
    portCollection(own),
    floatingIpCollection(external),
  ])
  const translations: Translations = {
    Network: networkIn(session.settings),
    Subnet: subnet,
    RouteTable: routeTable,
    SecurityGroup: securityGroup,
    PublicIp: publicIp,
    Nic: nic,
  }
  const adapters = {
    Subnet: new SubnetAdapter(client, session.settings.dnsServers),
    RouteTable: new RouterAdapter(client, external),
    InternetGateway: internetGateway,
    SecurityGroup: securityGroupAdapter(client),
    SecurityGroupRule: sharedRule,
    Nic: new PortAdapter(client),
  } as unknown as Readonly<Record<string, ResourceAdapter>>
  return {
    client,
    translations,
    adapters,
    abilities: { InternetGateway: internetGatewayAbility, SecurityGroupRule: sharedRuleAbility },
  }
}
