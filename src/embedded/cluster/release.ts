import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dispatcher } from 'undici'
import type { Step } from '../../cli/progress.ts'
import { SecaError } from '../../errors.ts'
import { extract } from './archive.ts'
import { download, downloadText, sha256Of } from './download.ts'
import { ETCD, ETCD_TOOLS, KUBERNETES, NODE_PROGRAMS, PROGRAMS } from './versions.ts'

/** Base URLs of the release servers, or of mirrors with the same layout. */
export interface ReleaseServers {
  readonly kubernetesDownloadUrl: string
  readonly etcdDownloadUrl: string
}

export interface Platform {
  readonly os: NodeJS.Platform
  readonly arch: string
}

export const THIS_MACHINE: Platform = { os: process.platform, arch: process.arch }

/** Where the official binary of a program is. */
interface Release {
  readonly of: 'Kubernetes' | 'etcd'
  readonly url: string
  /** SHA-256 of the file: alone, or in a list of `<sum>  <file>`. */
  readonly checksumUrl: string
  /** The program's path in the archive that the file is; absent: the file is the program. */
  readonly member?: string
}

/** Go's names of the processors that both projects release for. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', ppc64: 'ppc64le', s390x: 's390x' }

/** The release of a program for a platform; undefined where these servers have none (what is not kubectl or etcd runs on Linux only). */
export function releaseOf(program: string, servers: ReleaseServers, { os, arch } = THIS_MACHINE): Release | undefined {
  const processor = ARCHITECTURES[arch]
  const isMac = os === 'darwin' && (arch === 'x64' || arch === 'arm64')
  if (processor === undefined || (os !== 'linux' && !isMac)) return undefined
  if (program === 'etcd' || program in ETCD_TOOLS) {
    const name = `etcd-${ETCD}-${os}-${processor}`
    const folder = `${trimmed(servers.etcdDownloadUrl)}/${ETCD}`
    return {
      of: 'etcd',
      url: `${folder}/${name}.${isMac ? 'zip' : 'tar.gz'}`,
      checksumUrl: `${folder}/SHA256SUMS`,
      member: `${name}/${program}`,
    }
  }
  if (!(program in PROGRAMS || program in NODE_PROGRAMS) || (isMac && program !== 'kubectl')) return undefined
  const url = `${trimmed(servers.kubernetesDownloadUrl)}/${KUBERNETES}/bin/${os}/${processor}/${program}`
  return { of: 'Kubernetes', url, checksumUrl: `${url}.sha256` }
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '')
}

interface Fetch {
  readonly release: Release
  /** Where the program is put, once it is checked and whole. */
  readonly file: string
  /** Folder for what is on the way. */
  readonly folder: string
  readonly http: Dispatcher
  readonly step: Step
  readonly signal: AbortSignal | undefined
  readonly waitsMs?: readonly number[] | undefined
}

/** Downloads one program and checks it against its published checksum. A file that does not match is removed. */
export async function fetchRelease({ release, file, folder, http, step, signal, waitsMs }: Fetch): Promise<void> {
  const name = release.url.split('/').at(-1) ?? ''
  const archive = join(folder, name)
  const sum = checksumIn(await downloadText({ url: release.checksumUrl, http, signal, waitsMs }), name)
  if (sum === undefined)
    throw new SecaError('InvalidConfiguration', `${release.checksumUrl} has no SHA-256 checksum of ${name}: it cannot be checked`)
  mkdirSync(folder, { recursive: true })
  await download({ url: release.url, file: archive, http, signal, waitsMs, onProgress: meter(step) })
  step.update('checking')
  const found = await sha256Of(archive)
  if (found !== sum) {
    rmSync(archive)
    throw new SecaError(
      'InvalidConfiguration',
      `${name} does not match its published checksum (SHA-256 ${sum}, got ${found}) and was removed`,
    )
  }
  if (release.member === undefined) renameSync(archive, `${file}.new`)
  else {
    writeFileSync(`${file}.new`, await extract(readFileSync(archive), release.member))
    rmSync(archive)
  }
  chmodSync(`${file}.new`, 0o755)
  renameSync(`${file}.new`, file)
}

/** The checksum of a file, in a text that is nothing else or lists several. */
export function checksumIn(text: string, name: string): string | undefined {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/))
  const row = rows.find(([, file]) => file?.replace(/^\*/, '') === name) ?? rows.find((one) => one.length === 1)
  const sum = row?.[0]?.toLowerCase() ?? ''
  return /^[0-9a-f]{64}$/.test(sum) ? sum : undefined
}

/** `45.2 of 96.3 MB, 47 %, 12.3 MB/s` */
function meter(step: Step, now = () => performance.now()): (done: number, total: number | undefined) => void {
  let start: { readonly at: number; readonly done: number } | undefined
  return (done, total) => {
    start ??= { at: now(), done }
    const mb = (bytes: number) => (bytes / 1e6).toFixed(1)
    const seconds = (now() - start.at) / 1000
    const amount = total === undefined ? `${mb(done)} MB` : `${mb(done)} of ${mb(total)} MB, ${Math.floor((100 * done) / total)} %`
    step.update(seconds < 0.5 ? amount : `${amount}, ${mb((done - start.done) / seconds)} MB/s`)
  }
}
