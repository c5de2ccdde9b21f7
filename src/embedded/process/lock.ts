import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { commandLine } from './leftovers.ts'

/** Who holds a lock file. The command line is kept because process ids are used again. */
interface Holder {
  readonly pid: number
  readonly command: string
}

export interface Lock {
  release(): void
}

/** Takes the lock file, or says which live process has it. A lock whose holder is gone is taken over. */
export function tryLock(file: string): Lock | { readonly heldBy: number } {
  mkdirSync(dirname(file), { recursive: true })
  const mine = JSON.stringify({ pid: process.pid, command: commandLine(process.pid) } satisfies Holder)
  for (;;) {
    // Written beside and linked into place: nobody ever reads half a lock.
    const draft = `${file}.${process.pid}`
    writeFileSync(draft, mine)
    try {
      linkSync(draft, file)
      return { release: () => rmSync(file, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(draft, { force: true })
    }
    const text = readHolder(file)
    if (text === undefined) continue
    const holder = JSON.parse(text) as Holder
    if (commandLine(holder.pid) === holder.command) return { heldBy: holder.pid }
    discard(file, text)
  }
}

/** Takes the lock, and waits for its holder; `onWait` is called once when there is one. */
export async function waitForLock(file: string, onWait: (pid: number) => void, signal?: AbortSignal): Promise<Lock> {
  for (let told = false; ; told = true) {
    const result = tryLock(file)
    if ('release' in result) return result
    if (!told) onWait(result.heldBy)
    await sleep(500, undefined, signal && { signal })
  }
}

function readHolder(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

// Two processes may see the same stale lock: the slower one must not throw away the new lock of the faster one.
function discard(file: string, stale: string): void {
  const aside = `${file}.stale.${process.pid}`
  try {
    renameSync(file, aside)
    if (readFileSync(aside, 'utf8') !== stale) linkSync(aside, file)
  } catch {
    // Somebody else was faster; the caller looks again.
  }
  rmSync(aside, { force: true })
}
