import { readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { asError, SecaError } from './errors.ts'

/** Certificate and key, as files that may be replaced at any time (cert-manager, a mounted Secret). */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

export function readTls({ certFile, keyFile }: TlsFiles): { cert: string; key: string } {
  try {
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
  } catch (error) {
    throw new SecaError(
      'InvalidConfiguration',
      `the TLS certificate cannot be read (${asError(error).message}); check --tls-cert-file and --tls-key-file`,
    )
  }
}

/** Looks at the files' times: notifications do not follow the symbolic links of mounted Secrets. */
export async function watchFiles(
  { certFile, keyFile }: TlsFiles,
  everyMs: number,
  signal: AbortSignal,
  onChange: () => void,
): Promise<void> {
  const stamp = () => [certFile, keyFile].map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs).join()
  let last = stamp()
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
    const now = stamp()
    if (signal.aborted || now === last) continue
    last = now
    onChange()
  }
}

const LOOK_MS = 500

/**
 * Waits until all of the files are there and hold something: a Secret that is mounted may come later than the process. `onWait` is told
 * once which are missing. Resolves with false when `signal` ends the waiting.
 */
export async function whenThere(
  files: readonly string[],
  signal: AbortSignal,
  onWait: (missing: readonly string[]) => void,
): Promise<boolean> {
  for (let isTold = false; !signal.aborted; await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined)) {
    const missing = files.filter((file) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0)
    if (missing.length === 0) return true
    if (!isTold) onWait(missing)
    isTold = true
  }
  return false
}
