import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { SecaError } from '../errors.ts'
import { type Lock, tryLock } from './process/lock.ts'
import { write } from './process/private-file.ts'

const ABOUT = 'about.txt'
const TEXT = 'Data of "seca-operator start". May be deleted when nothing runs here; "npm start -- --clean" does the same.\n'
const LOCK = 'lock'

/** The data folder of `npm start`, held by one process at a time. */
export interface Folder {
  readonly path: string
  /** Nothing of anybody else is in it: `--clean` may empty it. */
  readonly isOurs: boolean
  file(...names: string[]): string
  /** Says that everything serves (or does not). */
  setReady(isReady: boolean): void
  release(): void
}

/** Takes the folder; with `clean`, empties it first. Throws when another start has it, naming the process. */
export function openFolder(dataDir: string, clean: boolean): Folder {
  const path = resolve(dataDir)
  const isOurs = !existsSync(path) || existsSync(join(path, ABOUT)) || readdirSync(path).every((name) => name.startsWith(LOCK))
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const lock: Lock | { heldBy: number } = tryLock(join(path, LOCK))
  if ('heldBy' in lock)
    throw new SecaError(
      'Conflict',
      `seca-operator runs in ${path} already (process ${lock.heldBy}). Use it (source ${join(path, 'env')}), stop it with Ctrl-C or kill ${lock.heldBy}, or choose another --data-dir.`,
    )
  if (!isOurs && clean) {
    lock.release()
    throw new SecaError(
      'InvalidConfiguration',
      `${path} is not a data folder of seca-operator: --clean deletes nothing there. Choose another --data-dir.`,
    )
  }
  const ready = join(path, 'ready')
  const setReady = (isReady: boolean) => {
    if (isReady) writeFileSync(ready, `${process.pid}\n`)
    else rmSync(ready, { force: true })
  }
  setReady(false)
  return {
    path,
    isOurs,
    file: (...names) => join(path, ...names),
    setReady,
    release: () => {
      setReady(false)
      lock.release()
    },
  }
}

/** Deletes what is in the folder but the lock. Only for its holder, when nothing of it runs any more. */
export function emptyFolder(folder: Folder): void {
  if (!folder.isOurs) return
  for (const name of readdirSync(folder.path)) if (name !== LOCK) rmSync(folder.file(name), { recursive: true, force: true })
}

/** Marks the folder as ours, unless it was somebody's before. */
export function markFolder(folder: Folder): void {
  mkdirSync(folder.file('logs'), { recursive: true, mode: 0o700 })
  if (folder.isOurs) write(folder.file(ABOUT), TEXT)
}

/** A file that a POSIX shell sources: variables, and folders to put before PATH. */
export function shellEnv(variables: Readonly<Record<string, string>>, path: readonly string[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`)
  return [...lines, ...path.map((folder) => `export PATH=${quoted(folder)}:"$PATH"`), ''].join('\n')
}
