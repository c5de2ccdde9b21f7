import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const SERVICES = ['keystone', 'glance', 'placement', 'nova', 'neutron', 'cinder'] as const
export type ServiceName = (typeof SERVICES)[number]
export type Ports = Readonly<Record<ServiceName, number>>

export const REGION_NAME = 'RegionOne'
/** Of the services' own user, of the administrator and of the demo user: nothing listens but loopback. */
export const PASSWORD = 'secret'

export interface Place {
  readonly folder: string
  readonly venv: string
  readonly ports: Ports
}

export const urlOf = (ports: Ports, name: ServiceName): string => `http://127.0.0.1:${ports[name]}`

const SERVICE_TYPES: Readonly<Record<ServiceName, string>> = {
  keystone: 'identity',
  glance: 'image',
  placement: 'placement',
  nova: 'compute',
  neutron: 'network',
  cinder: 'volumev3',
}

/** Glance insists on a name of its own. */
export const configName = (service: string): string => (service === 'glance' ? 'glance-api.conf' : `${service}.conf`)

type Section = Readonly<Record<string, string | number | boolean>>
type Ini = Readonly<Record<string, Section>>

const text = (ini: Ini): string =>
  Object.entries(ini)
    .map(
      ([section, values]) =>
        `[${section}]\n${Object.entries(values)
          .map(([key, value]) => `${key} = ${value}\n`)
          .join('')}`,
    )
    .join('\n')

/** Writes what each service reads, and answers where it is. */
export function writeConfigs({ folder, venv, ports }: Place): string {
  const conf = join(folder, 'conf')
  // With the databases: Nova keeps there who its host is, and does not start without.
  const state = join(folder, 'db', 'state')
  for (const name of [conf, state, join(folder, 'lock'), join(folder, 'log'), ...SERVICES.map((one) => join(state, one))])
    mkdirSync(name, { recursive: true })
  const database = (name: string) => ({ connection: `sqlite:///${folder}/db/${name}.sqlite?timeout=30` })
  const login = {
    auth_type: 'password',
    auth_url: `${urlOf(ports, 'keystone')}/v3`,
    username: 'svc',
    password: PASSWORD,
    project_name: 'service',
    user_domain_id: 'default',
    project_domain_id: 'default',
  }
  const regional = { ...login, region_name: REGION_NAME }
  const common = (name: ServiceName, more: Section = {}): Ini => ({
    DEFAULT: {
      transport_url: 'fake://',
      host: 'node1',
      state_path: join(state, name),
      log_file: join(folder, 'log', `${name}.log`),
      ...more,
    },
    oslo_concurrency: { lock_path: join(folder, 'lock') },
    oslo_messaging_notifications: { driver: 'noop' },
    keystone_authtoken: {
      ...regional,
      // What access rules of application credentials call the service.
      service_type: SERVICE_TYPES[name],
      www_authenticate_uri: `${urlOf(ports, 'keystone')}/v3`,
      service_token_roles: 'service',
      service_token_roles_required: true,
    },
  })
  const etc = join(venv, 'etc')
  const unlimited = (...names: string[]) => Object.fromEntries(names.map((name) => [name, -1]))
  const configs: Readonly<Record<ServiceName, Ini>> = {
    keystone: {
      DEFAULT: { log_file: join(folder, 'log', 'keystone.log') },
      database: database('keystone'),
      token: { provider: 'fernet', expiration: 86_400 },
      fernet_tokens: { key_repository: join(folder, 'db', 'fernet') },
      credential: { key_repository: join(folder, 'db', 'fernet') },
      identity: { password_hash_rounds: 4 },
    },
    glance: {
      ...common('glance', { enabled_backends: 'fs:file' }),
      glance_store: { default_backend: 'fs' },
      fs: { filesystem_store_datadir: join(folder, 'db', 'images') },
      database: database('glance'),
      paste_deploy: { flavor: 'keystone', config_file: join(etc, 'glance', 'glance-api-paste.ini') },
    },
    placement: { ...common('placement'), api: { auth_strategy: 'keystone' }, placement_database: database('placement') },
    nova: {
      ...common('nova', {
        compute_driver: 'fake.FakeDriverWithoutFakeNodes',
        allow_resize_to_same_host: true,
        report_interval: 30,
        service_down_time: 120,
      }),
      api: { auth_strategy: 'keystone' },
      wsgi: { api_paste_config: join(etc, 'nova', 'api-paste.ini') },
      database: database('nova'),
      api_database: database('nova_api'),
      placement: regional,
      glance: { api_servers: urlOf(ports, 'glance') },
      cinder: { ...login, os_region_name: REGION_NAME, catalog_info: 'volumev3::internalURL' },
      neutron: regional,
      service_user: { ...regional, send_service_user_token: true },
      scheduler: { workers: 1, discover_hosts_in_cells_interval: 30 },
      conductor: { workers: 1 },
      vnc: { enabled: false },
      quota: unlimited('instances', 'cores', 'ram', 'key_pairs', 'server_groups', 'server_group_members'),
    },
    neutron: {
      ...common('neutron', {
        core_plugin: 'ml2',
        service_plugins: 'router',
        auth_strategy: 'keystone',
        dhcp_agent_notification: false,
        notify_nova_on_port_status_changes: false,
        notify_nova_on_port_data_changes: false,
        api_paste_config: join(etc, 'neutron', 'api-paste.ini'),
      }),
      database: database('neutron'),
      ml2: { type_drivers: 'flat,vxlan', tenant_network_types: 'vxlan', mechanism_drivers: 'secafake', extension_drivers: 'port_security' },
      ml2_type_flat: { flat_networks: 'public' },
      ml2_type_vxlan: { vni_ranges: '1:65535' },
      quotas: unlimited(
        ...['network', 'subnet', 'port', 'router', 'floatingip', 'security_group', 'security_group_rule'].map((name) => `quota_${name}`),
      ),
    },
    cinder: {
      ...common('cinder', {
        enabled_backends: 'fake',
        default_volume_type: 'standard',
        auth_strategy: 'keystone',
        glance_api_servers: urlOf(ports, 'glance'),
        api_paste_config: join(etc, 'cinder', 'api-paste.ini'),
        resource_query_filters_file: join(etc, 'cinder', 'resource_filters.json'),
        periodic_interval: 5,
        ...unlimited('quota_volumes', 'quota_gigabytes', 'quota_snapshots'),
      }),
      fake: { volume_driver: 'seca_fake.volume.Nowhere', volume_backend_name: 'fake' },
      database: database('cinder'),
      coordination: { backend_url: `file://${join(state, 'cinder')}` },
      nova: { ...regional, interface: 'internal' },
      service_user: { ...regional, send_service_user_token: true },
    },
  }
  for (const [name, ini] of Object.entries(configs)) writeFileSync(join(conf, configName(name)), text(ini), { mode: 0o600 })
  return conf
}
