import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { asError, SecaError } from '../../src/errors.ts'
import type { CloudObject } from './model.ts'
import type { Mutation } from './mutations.ts'

/** A line of the journal: what happened, and what is there now. */
export interface Entry {
  readonly mutation?: Mutation
  readonly put?: CloudObject
  readonly removed?: string
  /** All operations ended here (when), before their time. */
  readonly finished?: number | true
  /** Name of the account; the last one counts. */
  readonly account?: string
}

export interface Journal {
  /** In one write: all of it is there after a kill, or nothing. */
  append(...entries: readonly Entry[]): void
  close(): void
}

const FILE = 'journal.jsonl'
/** Lines after which the file is written anew. */
const LINES_LIMIT = 300_000

/**
 * The cloud's memory: lines appended with one write each, so that they survive a SIGKILL of this process. What a kill
 * cut off in the middle is not there: its caller never had an answer. `replay` gets all that is there; then, and now and again, the file is rewritten with `compact`.
 */
export function openJournal(dir: string, replay: (entry: Entry) => void, compact: () => Iterable<Entry>): Journal {
  const path = join(dir, FILE)
  const lines = linesOf(dir, path)
  lines.pop() // empty, or torn
  for (const [i, line] of lines.entries()) replay(parseLine(line, path, i + 1))
  writable(dir, () => rewrite(path, compact()))
  let file = openSync(path, 'a')
  let appended = 0
  return {
    append(...entries) {
      writeSync(file, entries.map((entry) => JSON.stringify(entry) + '\n').join(''))
      appended += entries.length
      if (appended < LINES_LIMIT) return
      appended = 0
      rewrite(path, compact())
      closeSync(file)
      file = openSync(path, 'a')
    },
    close: () => closeSync(file),
  }
}

/** Nothing is kept. */
export const NO_JOURNAL: Journal = { append: () => undefined, close: () => undefined }

function linesOf(dir: string, path: string): string[] {
  return writable(dir, () => {
    mkdirSync(dir, { recursive: true })
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
  })
}

/** What needs a folder of our own, which a read-only root does not have. */
function writable<T>(dir: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new SecaError(
      'InvalidConfiguration',
      `the cloud cannot keep its state in ${dir}: ${asError(cause).message}; give --state-dir a folder that it may write to (in a pod: of a volume)`,
      { cause },
    )
  }
}

function parseLine(line: string, path: string, number: number): Entry {
  try {
    return JSON.parse(line) as Entry
  } catch (cause) {
    throw new SecaError(
      'InvalidConfiguration',
      `${path}:${number} is damaged. Restore the file, or remove it to start with an empty cloud.`,
      {
        cause,
      },
    )
  }
}

function rewrite(path: string, entries: Iterable<Entry>): void {
  const file = openSync(`${path}.new`, 'w')
  let chunk = ''
  for (const entry of entries) {
    chunk += JSON.stringify(entry) + '\n'
    if (chunk.length < 1_000_000) continue
    writeSync(file, chunk)
    chunk = ''
  }
  writeSync(file, chunk)
  fsyncSync(file)
  closeSync(file)
  renameSync(`${path}.new`, path)
}
