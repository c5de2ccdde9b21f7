import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Session } from './credentials.ts'

/** What a kubeconfig of the usual kind says: certificates or a token, in the file or in files next to it. */
interface Plain {
  readonly session: Session
  /** Files that were read besides the kubeconfig. */
  readonly files: readonly string[]
}

type Fields = Readonly<Record<string, unknown>>

const CLUSTER: ReadonlySet<string> = new Set([
  'server',
  'certificate-authority',
  'certificate-authority-data',
  'insecure-skip-tls-verify',
  'tls-server-name',
  'extensions',
])
const USER: ReadonlySet<string> = new Set(['client-certificate', 'client-certificate-data', 'client-key', 'client-key-data', 'token'])

/**
 * Reads a kubeconfig without the official client, which takes 80 MiB of memory for it. Undefined when the file asks for anything
 * out of the ordinary, or is wrong in any way: the official client then does it, or tells what is wrong.
 */
export async function readPlain(text: string, path: string, context: string | undefined): Promise<Plain | undefined> {
  const { parse } = await import('yaml')
  try {
    const config = parse(text) as Fields
    const chosen = named(config, 'contexts', 'context', context ?? config['current-context'])
    const cluster = named(config, 'clusters', 'cluster', chosen?.['cluster'])
    const user = named(config, 'users', 'user', chosen?.['user'])
    if (cluster === undefined || user === undefined || !hasOnly(cluster, CLUSTER) || !hasOnly(user, USER)) return undefined
    const files: string[] = []
    const material = (fields: Fields, field: string) => {
      const [data, file] = [fields[`${field}-data`], fields[field]]
      if (typeof data === 'string') return Buffer.from(data, 'base64')
      if (typeof file !== 'string') return undefined
      files.push(resolve(dirname(path), file))
      return readFileSync(resolve(dirname(path), file))
    }
    const tls = {
      ca: material(cluster, 'certificate-authority'),
      cert: material(user, 'client-certificate'),
      key: material(user, 'client-key'),
      servername: cluster['tls-server-name'],
      rejectUnauthorized: cluster['insecure-skip-tls-verify'] === true ? false : undefined,
    }
    const { server } = cluster
    const { token } = user
    if (typeof server !== 'string') return undefined
    return {
      session: {
        server: server.replace(/\/$/, ''),
        tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)),
        headers: typeof token === 'string' ? { authorization: `Bearer ${token.trim()}` } : {},
      },
      files,
    }
  } catch {
    return undefined
  }
}

/** One entry of a list of the file: `{name, [field]: {…}}`. */
function named(config: Fields, list: string, field: string, name: unknown): Fields | undefined {
  const entry = (config[list] as readonly Fields[] | undefined)?.find((one) => one['name'] === name)
  const value = entry?.[field]
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined
}

function hasOnly(fields: Fields, known: ReadonlySet<string>): boolean {
  return Object.entries(fields).every(([field, value]) => known.has(field) || value === null || value === undefined)
}
