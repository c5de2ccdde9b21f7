import { copyFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Child, endingError, startChild } from '../../../src/embedded/process/child.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { SecaError } from '../../../src/errors.ts'
import { configName, type Place, type ServiceName, urlOf } from './config.ts'
import { command, PYTHON } from './venv.ts'

const READY_MS = 240_000

/** What OpenStack's programs find their files by. */
export function environment({ folder, venv }: Pick<Place, 'folder' | 'venv'>): NodeJS.ProcessEnv {
  const conf = join(folder, 'conf')
  return {
    ...process.env,
    PYTHONPATH: PYTHON,
    PYTHONWARNINGS: 'ignore',
    PYTHONDONTWRITEBYTECODE: '1',
    PATH: [join(venv, 'bin'), process.env['PATH'] ?? ''].join(delimiter),
    SECA_PARENT_PID: String(process.pid),
    OS_KEYSTONE_CONFIG_DIR: conf,
    OS_KEYSTONE_CONFIG_FILES: 'keystone.conf',
    OS_PLACEMENT_CONFIG_DIR: conf,
    OS_GLANCE_CONFIG_DIR: conf,
    OS_GLANCE_CONFIG_FILES: configName('glance'),
    OS_NEUTRON_CONFIG_DIR: conf,
    OS_NEUTRON_CONFIG_FILES: 'neutron.conf',
    OS_NOVA_CONFIG_DIR: conf,
    OS_NOVA_CONFIG_FILES: 'api-paste.ini;nova.conf',
  }
}

/** Module, threads and flags of each service. SQLite: one request at a time where transactions nest. */
const SERVED: Readonly<Record<Exclude<ServiceName, 'cinder'>, readonly string[]>> = {
  keystone: ['keystone.wsgi.api', '6'],
  placement: ['placement.wsgi.api', '1'],
  glance: ['glance.wsgi.api', '6'],
  neutron: ['neutron.wsgi.api', '1', '--oslo-threading'],
  nova: ['nova_all', '6'],
}

/** Starts one service; it is not ready yet. */
export async function startProgram(name: ServiceName, place: Place): Promise<Child> {
  const { folder, venv, ports } = place
  if (name === 'nova') copyFileSync(join(venv, 'etc', 'nova', 'api-paste.ini'), join(folder, 'conf', 'api-paste.ini'))
  const port = String(ports[name])
  const [module = '', ...rest] = name === 'cinder' ? [] : SERVED[name]
  const args =
    name === 'cinder'
      ? [join(PYTHON, 'cinder_all.py'), port, '--config-file', join(folder, 'conf', 'cinder.conf')]
      : [join(PYTHON, 'serve.py'), module, port, ...rest]
  const logFile = join(folder, 'log', `${name}.out`)
  return startChild({ name, command: join(venv, 'bin', 'python'), args, logFile, env: environment(place), graceMs: 3_000 })
}

/** Waits until a service answers. */
export async function untilReady(child: Child, place: Place, signal: AbortSignal | undefined): Promise<void> {
  const url = urlOf(place.ports, child.name as ServiceName)
  let failure = ''
  void child.ended.then((ending) => (failure = endingError(ending).message))
  for (const deadline = performance.now() + READY_MS; performance.now() < deadline; await sleep(200)) {
    signal?.throwIfAborted()
    if (failure !== '') throw new SecaError('Internal', failure)
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined)
    if (answer !== undefined && answer.status < 500) return
  }
  throw new SecaError('Internal', `${child.name} did not answer within ${READY_MS / 1000} s: see ${place.folder}/log`)
}

/** Makes all databases, empty. */
export async function migrate(place: Place, signal: AbortSignal | undefined): Promise<void> {
  const { folder, venv } = place
  const env = environment(place)
  const bin = (program: string, ...args: string[]) => command(join(venv, 'bin', program), args, signal, env)
  const conf = (name: string) => ['--config-file', join(folder, 'conf', configName(name))]
  const [url, user] = [`${urlOf(place.ports, 'keystone')}/v3`, process.env['USER'] || 'root']
  const keystone = async () => {
    await bin('keystone-manage', ...conf('keystone'), 'db_sync')
    await bin('keystone-manage', ...conf('keystone'), 'fernet_setup', '--keystone-user', user, '--keystone-group', user)
    const urls = ['public', 'internal', 'admin'].flatMap((one) => [`--bootstrap-${one}-url`, url])
    await bin(
      'keystone-manage',
      ...conf('keystone'),
      'bootstrap',
      '--bootstrap-password',
      'secret',
      '--bootstrap-region-id',
      'RegionOne',
      ...urls,
    )
    await command(join(venv, 'bin', 'python'), [join(PYTHON, 'neutron_schema.py'), ...conf('neutron')], signal, env)
    await bin('placement-manage', ...conf('placement'), 'db', 'sync')
  }
  const nova = async () => {
    await bin('nova-manage', ...conf('nova'), 'api_db', 'sync')
    await bin(
      'nova-manage',
      ...conf('nova'),
      'cell_v2',
      'map_cell0',
      '--database_connection',
      `sqlite:///${folder}/db/nova_cell0.sqlite?timeout=30`,
    )
    await bin('nova-manage', ...conf('nova'), 'db', 'sync')
    await bin('nova-manage', ...conf('nova'), 'cell_v2', 'create_cell', '--name', 'cell1')
  }
  const others = async () => {
    await bin('glance-manage', ...conf('glance'), 'db_sync')
    await bin('cinder-manage', ...conf('cinder'), 'db', 'sync')
  }
  await Promise.all([keystone(), nova(), others()])
}

/** Hosts become known to Nova's cells once its compute service has run. */
export async function discoverHosts(place: Place, signal: AbortSignal | undefined): Promise<void> {
  const args = ['--config-file', join(place.folder, 'conf', 'nova.conf'), 'cell_v2', 'discover_hosts']
  await command(join(place.venv, 'bin', 'nova-manage'), args, signal, environment(place))
}
