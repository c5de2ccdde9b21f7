import { kindNamed } from '../../src/kinds/index.ts'
import type { Kind } from '../../src/kinds/kind.ts'

/** A manifest as a user writes it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: object
}

export type Extra = Pick<Manifest['metadata'], 'labels' | 'annotations'>

export function kindOf(name: string): Kind {
  const kind = kindNamed(name)
  if (!kind) throw new Error(`there is no kind ${name}`)
  return kind
}

/** A reference, as short as it can be written. */
export const to = (resource: string) => ({ resource })

/** Makes the manifests of one tenant. */
interface Writer {
  of(kind: string, name: string, spec?: object, extra?: Extra): Manifest
}

/** Of objects in the namespaces of a tenant and of its workspace. */
export function writerIn(home: string, space: string): Writer {
  return {
    of(kindName, name, spec, extra = {}) {
      const kind = kindOf(kindName)
      const namespace = { cluster: undefined, tenant: home, workspace: space }[kind.scope]
      return {
        apiVersion: kind.apiVersion,
        kind: kindName,
        metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...extra },
        ...(spec === undefined ? {} : { spec }),
      }
    },
  }
}

/** One object of each kind and more: volumes, an image, a network with everything in it, and an instance that is on. Workspace first. */
export function everything({ of }: Writer, workspace: string): Manifest[] {
  return [
    of('Workspace', workspace, { region: 'eu-1' }),
    of('Role', 'operator', { permissions: [{ provider: 'seca.compute/v1', resources: ['instances/*'], verb: ['get'] }] }),
    of('RoleAssignment', 'team', { subs: ['ann'], roles: ['operator'], scopes: [{ regions: ['eu-1'] }] }),
    of('BlockStorage', 'golden', { sizeGB: 50, skuRef: to('skus/rd500') }),
    of('Image', 'base', {
      region: 'eu-1',
      blockStorageRef: to(`workspaces/${workspace}/block-storages/golden`),
      cpuArchitecture: 'amd64',
      initializer: 'cloudinit-22',
    }),
    of('BlockStorage', 'boot', { sizeGB: 60, skuRef: to('skus/rd2k'), sourceImageRef: to('images/base') }),
    of('BlockStorage', 'data', { sizeGB: 100, skuRef: to('skus/ld5k') }),
    of('Network', 'main', {
      cidr: { ipv4: '0.0.0.0/16', ipv6: '::/56' },
      additionalCidrs: [{ ipv4: '172.20.0.0/16' }],
      skuRef: to('skus/n1k'),
    }),
    of('InternetGateway', 'internet', { egressOnly: false }),
    of('RouteTable', 'main.default', {
      network: 'main',
      routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('internet-gateways/internet') }],
    }),
    of('Subnet', 'main.front', {
      network: 'main',
      cidr: { ipv4: '0.0.0.0/24', ipv6: '::/64' },
      zone: 'a',
      routeTableRef: to('route-tables/default'),
    }),
    of('SecurityGroupRule', 'out', { direction: 'egress' }),
    of('SecurityGroup', 'web', {
      rules: [{ direction: 'ingress', version: 'IPv4', protocol: 'tcp', ports: { list: [80, 443] } }],
      ruleRefs: [to('security-group-rules/out')],
    }),
    of('PublicIp', 'web', { version: 'IPv4' }),
    of('Nic', 'web', {
      subnetRef: to('networks/main/subnets/front'),
      publicIpRefs: [to('public-ips/web')],
      securityGroupRefs: [to('security-groups/web')],
    }),
    of('Instance', 'web', {
      skuRef: to('skus/dm'),
      zone: 'a',
      bootVolume: { deviceRef: to('block-storages/boot') },
      dataVolumes: [{ deviceRef: to('block-storages/data'), type: 'virtio' }],
      primaryNicRef: to('nics/web'),
      sshKeys: ['ssh-ed25519 AAAA ann'],
      powerState: 'on',
    }),
  ]
}
