import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { debianProgram } from './debian-program.ts'
import { eventually } from './harness.ts'
import { programsIn } from './programs.ts'

const program = debianProgram('docker-registry', 'docker-registry')

/** Why tests with a registry cannot run here, in one line. */
export const lackingRegistry = program === undefined ? "docker-registry is missing: install Debian's package of that name" : undefined

/** A registry of its own, of which only one user may read and write. */
export interface TestRegistry {
  /** `127.0.0.1:<port>` */
  readonly host: string
  readonly user: string
  readonly password: string
  /** The answer to a GET below `/v2/`, with its body. */
  get(path: string): Promise<{ readonly status: number; readonly body: Buffer }>
  stop(): Promise<void>
}

const ACCEPT = ['index.v1', 'manifest.v1'].map((kind) => `application/vnd.oci.image.${kind}+json`).join(', ')
const [USER, PASSWORD] = ['maintainer', 'correct-horse']
/** Of that password. */
const BCRYPT = '$2y$05$abcdefghijklmnopqrstuuZ0Fx87Pb/Aqb0E90lfvCwzXnaFKUHpS'

export async function startTestRegistry(): Promise<TestRegistry> {
  const { port } = await freePorts(['port'], {})
  const programs = programsIn('data')
  const config = join(programs.folder, 'config.json')
  writeFileSync(join(programs.folder, 'htpasswd'), `${USER}:${BCRYPT}\n`)
  // JSON is YAML.
  const settings = {
    version: '0.1',
    storage: { filesystem: { rootdirectory: join(programs.folder, 'data') } },
    http: { addr: `127.0.0.1:${port}`, secret: 'of one process' },
    auth: { htpasswd: { realm: 'test', path: join(programs.folder, 'htpasswd') } },
  }
  writeFileSync(config, JSON.stringify(settings))
  await programs.launch('docker-registry', program ?? '', { args: ['serve', config] })
  const host = `127.0.0.1:${port}`
  const authorization = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`
  const get = async (path: string) => {
    const answer = await fetch(`http://${host}/v2/${path}`, { headers: { authorization, accept: ACCEPT } })
    return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) }
  }
  await eventually(async () => (await get('')).status === 200)
  return { host, user: USER, password: PASSWORD, get, stop: () => programs.stop() }
}
