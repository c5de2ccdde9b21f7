import { Image, Instance, InternetGateway, Network, SecurityGroupRule } from '../src/kinds/index.ts'
import { type Controller, controller } from '../src/reconcile/controller.ts'
import { blockStorage, nic, publicIp } from './attachments.ts'
import { cloudProvider } from './cloud-provider.ts'
import { routeTable, securityGroup } from './items.ts'
import { region } from './region.ts'
import { role } from './role.ts'
import { roleAssignment } from './role-assignment.ts'
import { subnet } from './subnet.ts'
import { workspace } from './workspace.ts'

/** What runs. A kind without a file of its own needs nothing but the default. SKUs are only read. */
export const CONTROLLERS: readonly Controller[] = [
  cloudProvider,
  region,
  role,
  roleAssignment,
  workspace,
  blockStorage,
  controller(Image),
  controller(Network),
  subnet,
  routeTable,
  controller(InternetGateway),
  securityGroup,
  controller(SecurityGroupRule),
  nic,
  publicIp,
  controller(Instance),
]
