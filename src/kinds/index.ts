import type { Kind } from './kind.ts'
import { Role } from './authorization/role.ts'
import { RoleAssignment } from './authorization/role-assignment.ts'
import { Instance } from './compute/instance.ts'
import { InstanceSku } from './compute/instance-sku.ts'
import { InternetGateway } from './network/internet-gateway.ts'
import { Network } from './network/network.ts'
import { NetworkSku } from './network/network-sku.ts'
import { Nic } from './network/nic.ts'
import { PublicIp } from './network/public-ip.ts'
import { RouteTable } from './network/route-table.ts'
import { SecurityGroup } from './network/security-group.ts'
import { SecurityGroupRule } from './network/security-group-rule.ts'
import { Subnet } from './network/subnet.ts'
import { CloudProvider } from './operator/cloud-provider.ts'
import { Region } from './region/region.ts'
import { BlockStorage } from './storage/block-storage.ts'
import { Image } from './storage/image.ts'
import { StorageSku } from './storage/storage-sku.ts'
import { Workspace } from './workspace/workspace.ts'

export {
  BlockStorage,
  CloudProvider,
  Image,
  Instance,
  InstanceSku,
  InternetGateway,
  Network,
  NetworkSku,
  Nic,
  PublicIp,
  Region,
  Role,
  RoleAssignment,
  RouteTable,
  SecurityGroup,
  SecurityGroupRule,
  StorageSku,
  Subnet,
  Workspace,
}

/** Every kind there is; everything derived (CRDs, rights, routes, controllers) walks this list. */
export const KINDS: readonly Kind[] = Object.freeze([
  CloudProvider,
  Region,
  StorageSku,
  InstanceSku,
  NetworkSku,
  Role,
  RoleAssignment,
  Workspace,
  Image,
  BlockStorage,
  Network,
  RouteTable,
  Subnet,
  InternetGateway,
  SecurityGroupRule,
  SecurityGroup,
  PublicIp,
  Nic,
  Instance,
])

const byName: ReadonlyMap<string, Kind> = new Map(KINDS.map((kind) => [kind.kind, kind]))

/** The kind of that name, `BlockStorage`. */
export function kindNamed(name: string): Kind | undefined {
  return byName.get(name)
}
