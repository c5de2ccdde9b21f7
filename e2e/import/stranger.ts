import type { TestCloud } from '../support/test-cloud.ts'

/** What user data must never show up anywhere. */
export const SECRET = 'hunter2-in-user-data'

const IN_REGION = { iops: 500, media: 'remote-durable' }

/** A machine with all that belongs to it, as somebody has it who knows nothing of us; and what cannot be taken over. Answers the project's id. */
export async function populate(cloud: TestCloud): Promise<string> {
  const make = async (type: string, body: object) => (await cloud.create(type, body as Readonly<Record<string, unknown>>)).id
  const project = await make('projects', { name: 'Shop' })
  const volume = (name: string, more: object = IN_REGION) => make('volumes', { project, name, size_gb: 60, ...more })
  const [boot, data] = [await volume('Web Server'), await volume('Web Server')]
  await volume('odd', { iops: 7, media: 'local-durable' })
  await make('templates', { name: 'golden', source_volume: boot, arch: 'x86_64', firmware: 'uefi', init: 'cloud-init' })
  const lost = await volume('lost')
  await make('templates', { name: 'orphan', source_volume: lost, arch: 'aarch64', firmware: 'uefi', init: 'none' })
  await cloud.finish()
  await cloud.remove(lost)
  const vpc = await make('vpcs', { project, name: 'main', main: { ipv4: '10.20.0.0/16' }, extra: [], mbit_s: 1_000 })
  const uplink = await make('uplinks', { project, name: 'out', egress_only: false })
  const router = await make('routers', { vpc, name: 'default', routes: [{ destination: '0.0.0.0/0', via: uplink }] })
  const segment = await make('segments', { vpc, name: 'front', zone: 'a', router, ipv4: '10.20.1.0/24', ipv6: null })
  const rule = {
    direction: 'in',
    family: 4,
    protocols: ['tcp'],
    ports: [
      [80, 80],
      [443, 443],
    ],
    icmp: null,
    peers: null,
  }
  const filter = await make('filters', { project, name: 'web', rule })
  const firewall = await make('firewalls', { project, name: 'Web!', rules: [], filters: [filter] })
  const inside = { direction: 'in', family: null, protocols: null, ports: null, icmp: null, peers: [firewall] }
  await cloud.change(firewall, { rules: [inside] })
  const address = await make('floating-ips', { project, name: '', family: 4, address: null })
  const nic = { segment, name: 'web', addresses: ['10.20.1.9'], firewalls: [firewall], floating_ips: [address] }
  const port = await make('ports', nic)
  await cloud.finish()
  const userData = `#cloud-config\npassword: ${SECRET}\n`
  const machine = { vcpus: 1, ram_gb: 2, placement_group: null, ssh_keys: ['ssh-ed25519 AAAA ann'], user_data: userData }
  const attached = { boot_volume: boot, data_volumes: [data], ports: [port], firewall: null }
  await make('servers', { project, name: 'web', zone: 'a', ...machine, ...attached })
  await cloud.finish()
  return project
}
