import { statSync } from 'node:fs'

/** What a connection to kube-apiserver needs right now. Never log one. */
export interface Session {
  /** Without a trailing slash; may hold a path prefix. */
  readonly server: string
  readonly tls: {
    readonly ca?: string | Buffer
    readonly cert?: string | Buffer
    readonly key?: string | Buffer
    readonly servername?: string
    readonly rejectUnauthorized?: boolean
  }
  /** HTTP proxy, as in a kubeconfig's `proxy-url`. */
  readonly proxy?: string
  readonly headers: Readonly<Record<string, string>>
}

/** How a session is made, and what tells that it has to be made again. */
export interface Source {
  load(): Promise<Session>
  /** Files that were read; a new mtime on any of them means load again. */
  files(): readonly string[]
  /** Short-lived by nature (exec plugin, OIDC): loaded again at each check, which is cheap while its token is valid. */
  readonly expires: boolean
}

const CHECK_MS = 10_000

/** Keeps a session, and looks at most every ten seconds whether files or tokens moved: no request waits for that. */
export class Credentials {
  readonly #source: Source
  readonly #now: () => number
  #session: Session | undefined
  #stamp = ''
  #checkedAt = 0
  #loading: Promise<Session> | undefined
  constructor(source: Source, now: () => number = () => performance.now()) {
    this.#source = source
    this.#now = now
  }
  /** The session, at once when there is one. */
  current(): Session | Promise<Session> {
    const session = this.#session
    if (session === undefined) return this.refresh()
    if (this.#now() - this.#checkedAt > CHECK_MS) {
      this.#checkedAt = this.#now()
      // A file that is being rewritten may be unreadable for a moment: the old session serves on.
      if (this.#source.expires || stampOf(this.#source.files()) !== this.#stamp) this.refresh().catch(() => undefined)
    }
    return session
  }
  /** Loads again; many callers share one load. */
  refresh(): Promise<Session> {
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined))
    return this.#loading
  }
  async #load(): Promise<Session> {
    const before = stampOf(this.#source.files())
    const session = await this.#source.load()
    const files = this.#source.files()
    this.#stamp = before === '' ? stampOf(files) : before
    this.#checkedAt = this.#now()
    this.#session = session
    return session
  }
}

function stampOf(files: readonly string[]): string {
  return files.map((file) => `${file}=${statSync(file, { throwIfNoEntry: false })?.mtimeMs}`).join()
}
