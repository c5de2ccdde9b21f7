import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { releaseOf } from './release.ts'
import { NAMES, type Program } from './versions.ts'

/** What a stand-in release server does wrong with a path; each element of `cuts` ends one connection after so many bytes. */
interface Trouble {
  readonly cuts?: number[]
  readonly status?: number
  /** How many requests get `status`; default: all. */
  times?: number
  readonly redirect?: string
  readonly ignoresRanges?: boolean
  readonly etag?: string | undefined
  readonly lastModified?: string
  /** Sends a piece of this size every 20 ms. */
  readonly pieces?: number
  /** Sends this many bytes, then nothing, with the connection open; once. */
  hangsAfter?: number | undefined
}

interface Seen {
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

/** An HTTP server that has what the release servers have, and makes trouble as it is told. */
export interface ReleaseServer {
  readonly url: string
  readonly files: Map<string, Buffer>
  readonly trouble: Map<string, Trouble>
  readonly seen: Seen[]
  stop(): Promise<void>
}

export async function startReleaseServer(): Promise<ReleaseServer> {
  const files = new Map<string, Buffer>()
  const trouble = new Map<string, Trouble>()
  const seen: Seen[] = []
  const server = createServer((call, response) => void serve(files, trouble, seen, call, response).catch(() => response.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = () => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, files, trouble, seen, stop }
}

async function serve(
  files: Map<string, Buffer>,
  troubles: Map<string, Trouble>,
  seen: Seen[],
  call: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = new URL(call.url ?? '', 'http://server').pathname
  seen.push({ path, headers: call.headers })
  const trouble: Trouble = troubles.get(path) ?? {}
  if (trouble.redirect !== undefined) return void response.writeHead(302, { location: trouble.redirect }).end()
  if (trouble.status !== undefined && (trouble.times ?? 1) > 0) {
    if (trouble.times !== undefined) trouble.times--
    return void response.writeHead(trouble.status).end('no')
  }
  const file = files.get(path)
  if (!file) return void response.writeHead(404).end('no such file')
  const etag = 'etag' in trouble ? trouble.etag : `"${sha256(file).slice(0, 16)}"`
  const version = { ...(etag === undefined ? {} : { etag }), ...(trouble.lastModified ? { 'last-modified': trouble.lastModified } : {}) }
  const from = Number(/^bytes=(\d+)-$/.exec(call.headers.range ?? '')?.[1] ?? Number.NaN)
  const isSame = [etag, trouble.lastModified].includes(call.headers['if-range']?.toString())
  const isPart = !Number.isNaN(from) && isSame && !trouble.ignoresRanges
  if (isPart && from >= file.length) return void response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end()
  const body = isPart ? file.subarray(from) : file
  const range = isPart ? { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` } : {}
  response.writeHead(isPart ? 206 : 200, { 'content-length': body.length, ...version, ...range })
  if (trouble.hangsAfter !== undefined) {
    response.write(body.subarray(0, trouble.hangsAfter))
    trouble.hangsAfter = undefined
    return
  }
  const cut = trouble.cuts?.shift()
  if (cut !== undefined) {
    response.write(body.subarray(0, cut))
    // What a client has not read when the connection breaks is lost to it.
    await sleep(50)
    return void response.destroy()
  }
  for (let at = 0; at < body.length; at += trouble.pieces ?? body.length) {
    response.write(body.subarray(at, at + (trouble.pieces ?? body.length)))
    if (trouble.pieces !== undefined) await sleep(20)
  }
  response.end()
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

export const LINUX = { os: 'linux', arch: 'x64' } as const
export const MAC = { os: 'darwin', arch: 'arm64' } as const

/** Puts programs on a server as the projects publish them for Linux, with their checksums; answers each one's path. */
export function publish<P extends string = Program>(
  server: ReleaseServer,
  contentOf: (program: P) => Buffer,
  programs: readonly P[] = NAMES as readonly string[] as readonly P[],
): Record<P, string> {
  const servers = { kubernetesDownloadUrl: server.url, etcdDownloadUrl: server.url }
  const paths = programs.map((program) => {
    const release = releaseOf(program, servers, LINUX)!
    const [path, sums] = [new URL(release.url).pathname, new URL(release.checksumUrl).pathname]
    const content = contentOf(program)
    const file = release.member === undefined ? content : tarball(release.member, content)
    server.files.set(path, file)
    const name = path.split('/').at(-1)
    const others = `${sha256(Buffer.from('other'))}  etcd-v0-linux-amd64.tar.gz\n`
    server.files.set(sums, Buffer.from(release.member === undefined ? sha256(file) : `${others}${sha256(file)}  ${name}\n`))
    return [program, path] as const
  })
  return Object.fromEntries(paths) as Record<P, string>
}

function tarball(member: string, content: Buffer): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'seca-tarball-'))
  mkdirSync(join(folder, member, '..'), { recursive: true })
  writeFileSync(join(folder, member, '..', 'README.md'), 'words')
  writeFileSync(join(folder, member), content)
  chmodSync(join(folder, member), 0o755)
  execFileSync('tar', ['-czf', join(folder, 'out.tar.gz'), '-C', folder, member.split('/')[0] ?? ''])
  return readFileSync(join(folder, 'out.tar.gz'))
}
