import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { CloudObject } from './model.ts'

/** One effective change of the cloud, for audits. */
export interface Mutation {
  readonly seq: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly action: 'create' | 'change' | 'delete' | 'start' | 'stop' | 'restart'
  /** `admin`: behind the customers' backs. */
  readonly by: 'api' | 'admin'
  readonly type: string
  readonly id: string
  readonly tag: string
  /** Names of the fields that a change asked for. */
  readonly fields?: readonly string[]
}

/** A line of the journal: what happened, and what is there now. */
export interface Entry {
  readonly mutation?: Mutation
  readonly put?: CloudObject
  readonly removed?: string
}

export interface Journal {
  append(entry: Entry): void
  close(): void
}

const FILE = 'journal.jsonl'

/**
 * The cloud's memory: lines appended with one write each, so that they survive a SIGKILL of this process. What a kill
 * cut off in the middle is not there: its caller never had an answer. `replay` gets all that is there; then the file is rewritten with `compact`.
 */
export function openJournal(dir: string, replay: (entry: Entry) => void, compact: () => Iterable<Entry>): Journal {
  mkdirSync(dir, { recursive: true })
  const path = join(dir, FILE)
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
  const isTorn = lines.pop() !== '' && lines.length > 0
  for (const [i, line] of lines.entries()) replay(parseLine(line, path, i + 1))
  if (isTorn || lines.length > 0) rewrite(path, compact())
  const file = openSync(path, 'a')
  return {
    append: (entry) => void writeSync(file, JSON.stringify(entry) + '\n'),
    close: () => closeSync(file),
  }
}

/** Nothing is kept. */
export const NO_JOURNAL: Journal = { append: () => undefined, close: () => undefined }

function parseLine(line: string, path: string, number: number): Entry {
  try {
    return JSON.parse(line) as Entry
  } catch (cause) {
    throw new Error(`${path}:${number} is damaged. Restore the file, or remove it to start with an empty cloud.`, { cause })
  }
}

function rewrite(path: string, entries: Iterable<Entry>): void {
  const file = openSync(`${path}.new`, 'w')
  for (const entry of entries) writeSync(file, JSON.stringify(entry) + '\n')
  fsyncSync(file)
  closeSync(file)
  renameSync(`${path}.new`, path)
}
