import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSecureContext } from 'node:tls'
import { asError, SecaError } from './errors.ts'

/**
 * Files of mounted Secrets and ConfigMaps. They may come after the process that needs them, and are replaced at any time: the kubelet
 * renames a folder, so that all files of a volume change at once, and notifications of file systems do not follow the symbolic links
 * that lead there. So they are looked at, and compared by what they say.
 */

/** Certificate (a chain, PEM) and its key, as files. */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** What they hold. */
export interface TlsPair {
  readonly cert: string
  readonly key: string
}

/** A file that is not there yet, or empty: it may come. */
export class NotThere extends SecaError {
  constructor(file: string) {
    super('InvalidConfiguration', `${file} is not there yet, or empty`)
    this.name = 'NotThere'
  }
}

/** Text of a file. Throws {@link NotThere}, and InvalidConfiguration when it cannot be read. */
export function readMounted(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new NotThere(file)
    throw new SecaError('InvalidConfiguration', `${file} cannot be read: ${asError(error).message}`, { cause: error })
  }
  if (text.trim() === '') throw new NotThere(file)
  return text
}

/** Certificate and key that belong together. Throws {@link NotThere}, and InvalidConfiguration when they cannot be used. */
export function readTls({ certFile, keyFile }: TlsFiles): TlsPair {
  let trouble = ''
  // Both may be replaced between the two looks: the second time they are of one volume again.
  for (let tries = 0; tries < 2; tries++) {
    const pair = { cert: readMounted(certFile), key: readMounted(keyFile) }
    const found = troubleOf(pair)
    if (found === undefined) return pair
    trouble = found
  }
  throw new SecaError('InvalidConfiguration', `the TLS certificate cannot be used (${certFile}, ${keyFile}): ${trouble}`)
}

/** OpenSSL's words say what is wrong and hold nothing of the key. */
function troubleOf({ cert, key }: TlsPair): string | undefined {
  try {
    void new X509Certificate(cert)
    createSecureContext({ cert, key })
    return undefined
  } catch (error) {
    return asError(error).message
  }
}

interface WaitOptions {
  readonly signal: AbortSignal
  /** Told what is waited for, whenever that is something else. */
  readonly onWait: (why: string) => void
  readonly everyMs?: number
}

/** What `read` answers, once it throws no {@link NotThere} any more; undefined when the signal aborts before. Throws what else it throws. */
export async function whenThere<T>(read: () => T, { signal, onWait, everyMs = 1_000 }: WaitOptions): Promise<T | undefined> {
  for (let told = ''; !signal.aborted;) {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof NotThere)) throw error
      if (error.message !== told) onWait((told = error.message))
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined)
  }
  return undefined
}

interface FollowOptions<T> {
  readonly signal: AbortSignal
  /** What was read before; with this the next look is compared. */
  readonly from: T
  /** Called with each new answer; the next look waits for it. */
  readonly onChange: (value: T) => void | Promise<void>
  /** Called when there is something, but nothing to use: once each time. What was read before goes on being used. */
  readonly onTrouble: (why: string) => void
  readonly everyMs?: number
}

/** How often files are looked at. */
const LOOK_MS = 10_000

/** Looks every 10 s whether `read` answers something else (compared as JSON), until the signal aborts. */
export async function follow<T>(read: () => T, options: FollowOptions<T>): Promise<void> {
  const { signal, from, onChange, onTrouble, everyMs = LOOK_MS } = options
  let last = JSON.stringify(from)
  for (let told = ''; ;) {
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
    if (signal.aborted) return
    try {
      const value = read()
      const text = JSON.stringify(value)
      told = ''
      if (text === last) continue
      last = text
      await onChange(value)
    } catch (error) {
      const { message } = asError(error)
      if (message !== told) onTrouble((told = message))
    }
  }
}
