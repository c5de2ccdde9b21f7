import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { write } from './private-file.ts'

/**
 * Processes that a start left behind because it was killed itself. Their ids are kept in `<dataDir>/pids.json`; since ids are
 * used again by the system, a process counts as ours only when its command line names the data folder.
 */
export function readPids(dataDir: string): Record<string, number> {
  const file = join(dataDir, 'pids.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>) : {}
}

export function writePids(dataDir: string, pids: Record<string, number>): void {
  write(join(dataDir, 'pids.json'), JSON.stringify(pids))
}

/** Ends what an earlier run left; resolves when it is gone. */
export async function stopLeftovers(dataDir: string, log: (line: string) => void): Promise<void> {
  // Started last is stopped first: clients before their servers.
  for (const [name, pid] of Object.entries(readPids(dataDir)).toReversed()) {
    const isOurs = () => commandLine(pid).includes(dataDir)
    if (!isOurs()) continue
    log(`stopping ${name} (process ${pid}), left over from a run that was killed`)
    for (const [signal, waitMs] of [
      ['SIGTERM', 5_000],
      ['SIGKILL', 2_000],
    ] as const) {
      send(pid, signal)
      for (const end = performance.now() + waitMs; performance.now() < end && isOurs();) await sleep(50)
      if (!isOurs()) break
    }
  }
  writePids(dataDir, {})
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone in between.
  }
}

/** Command line of a process; empty when there is none. */
export function commandLine(pid: number): string {
  try {
    if (existsSync('/proc/self/cmdline')) return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}
