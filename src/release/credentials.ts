import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { SecaError } from '../errors.ts'

/** Who pushes to a registry. Never written anywhere, nor told. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { readonly auth?: string }>>
  readonly credHelpers?: Readonly<Record<string, string>>
  readonly credsStore?: string
}

/**
 * Credentials for a registry's host: SECA_REGISTRY_USER and SECA_REGISTRY_PASSWORD, else what `docker login` wrote into
 * `$DOCKER_CONFIG/config.json`; undefined: none. Programs that keep secrets (credHelpers) are not asked.
 */
export function credentialsFor(host: string, env: NodeJS.ProcessEnv = process.env): Credentials | undefined {
  const [user, password] = [env['SECA_REGISTRY_USER'], env['SECA_REGISTRY_PASSWORD']]
  if (user !== undefined && password !== undefined) return { user, password }
  if (user !== undefined || password !== undefined)
    throw new SecaError('InvalidConfiguration', 'SECA_REGISTRY_USER and SECA_REGISTRY_PASSWORD go together')
  const file = join(env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json')
  if (!existsSync(file)) return undefined
  const config = read(file)
  const auth = Object.entries(config.auths ?? {}).find(([name]) => hostOf(name) === host)?.[1].auth
  if (auth) {
    const text = Buffer.from(auth, 'base64').toString('utf8')
    const colon = text.indexOf(':')
    if (colon > 0) return { user: text.slice(0, colon), password: text.slice(colon + 1) }
  }
  if (config.credHelpers?.[host] !== undefined || config.credsStore !== undefined)
    throw new SecaError(
      'InvalidConfiguration',
      `${file} leaves the password of ${host} to a program, which is not asked: set SECA_REGISTRY_USER and SECA_REGISTRY_PASSWORD`,
    )
  return undefined
}

function read(file: string): DockerConfig {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as DockerConfig
  } catch {
    throw new SecaError('InvalidConfiguration', `${file} is not JSON`)
  }
}

/** `https://index.example.org/v1/` → `index.example.org` */
const hostOf = (name: string) => name.replace(/^https?:\/\//, '').split('/')[0]
