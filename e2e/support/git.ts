import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** Files by their paths; undefined deletes one. */
export type Files = Readonly<Record<string, string | undefined>>

/** A Git repository, served on loopback, and a checkout of it that the test commits in. */
export interface Repository {
  /** What a client clones; read only. */
  readonly url: string
  /** Changes files; resolves with the commit's id once it is served. */
  commit(message: string, files: Files): Promise<string>
  /** Takes the server away, and everything in it. */
  stop(): Promise<void>
}

/** What Git is told: nothing of this machine's configuration. */
const ENV = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'ann',
  GIT_AUTHOR_EMAIL: 'ann@acme.example',
  GIT_COMMITTER_NAME: 'ann',
  GIT_COMMITTER_EMAIL: 'ann@acme.example',
}

/** An empty repository with a branch `main`, over HTTP as a forge would serve it. */
export async function startRepository(name = 'acme'): Promise<Repository> {
  const folder = mkdtempSync(join(tmpdir(), 'seca-git-'))
  const [served, checkout] = [join(folder, 'served'), join(folder, 'checkout')]
  const bare = join(served, `${name}.git`)
  const git = async (...args: readonly string[]) =>
    (await promisify(execFile)('git', ['-C', checkout, ...args], { env: ENV })).stdout.trim()
  mkdirSync(checkout)
  await git('init', '--quiet', '--bare', '--initial-branch=main', bare)
  await git('init', '--quiet', '--initial-branch=main')
  await git('remote', 'add', 'origin', bare)
  const calls = new Set<ChildProcess>()
  const server = createServer((request, response) => serve(served, request, response, calls))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const repository: Repository = {
    url: `http://127.0.0.1:${portOf(server)}/${name}.git`,
    async commit(message, files) {
      for (const [path, content] of Object.entries(files)) {
        const file = join(checkout, path)
        mkdirSync(dirname(file), { recursive: true })
        if (content === undefined) rmSync(file, { force: true })
        else writeFileSync(file, content)
      }
      await git('add', '--all')
      await git('commit', '--quiet', '--allow-empty', '--message', message)
      await git('push', '--quiet', 'origin', 'main')
      return git('rev-parse', 'HEAD')
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      for (const call of calls) call.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await repository.commit('nothing yet', {})
  return repository
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** One request: one call of Git's own CGI program. */
function serve(root: string, request: IncomingMessage, response: ServerResponse, calls: Set<ChildProcess>): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost')
  const { headers } = request
  const cgi = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...ENV,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: headers['content-type'] ?? '',
      // Chunked bodies have no length: the program reads until the end then.
      ...(headers['content-length'] === undefined ? {} : { CONTENT_LENGTH: headers['content-length'] }),
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
      SERVER_PROTOCOL: 'HTTP/1.1',
    },
  })
  calls.add(cgi)
  cgi.once('close', () => {
    calls.delete(cgi)
    if (!response.headersSent) response.writeHead(500)
    response.end()
  })
  // Who asks may go away, and the program may answer before it has read everything.
  cgi.stdin.on('error', () => undefined)
  response.on('close', () => cgi.kill())
  request.pipe(cgi.stdin)
  let head = Buffer.alloc(0)
  const read = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    cgi.stdout.off('data', read)
    writeHead(response, head.toString('latin1', 0, end).split('\r\n'))
    response.write(head.subarray(end + 4))
    cgi.stdout.on('data', (more: Buffer) => response.write(more))
  }
  cgi.stdout.on('data', read)
}

/** A CGI program's headers, of which `Status` is the answer's status. */
function writeHead(response: ServerResponse, lines: readonly string[]): void {
  const headers = lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])
  const status = headers.find(([name]) => name.toLowerCase() === 'status')?.[1] ?? '200'
  response.writeHead(Number.parseInt(status, 10), Object.fromEntries(headers.filter(([name]) => name.toLowerCase() !== 'status')))
}
