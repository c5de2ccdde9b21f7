import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Progress } from '../../../src/cli/progress.ts'
import { waitForLock } from '../../../src/embedded/process/lock.ts'
import { SecaError } from '../../../src/errors.ts'

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt')
export const PYTHON = join(import.meta.dirname, 'python')
const INTERPRETERS = ['python3.11', 'python3.12', 'python3.13', 'python3']
const run = promisify(execFile)

/** The first interpreter that is new enough; undefined = none. */
async function interpreter(): Promise<string | undefined> {
  for (const name of INTERPRETERS)
    try {
      await run(name, ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'])
      return name
    } catch {
      continue
    }
  return undefined
}

/** What keeps OpenStack from running on this machine, and how to get it, in one line; undefined when nothing does. */
export async function lackingForOpenStack(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `OpenStack runs on Linux only, not on ${process.platform}`
  return (await interpreter()) === undefined
    ? 'OpenStack needs Python 3.11 or later with venv: apt-get install python3 python3-venv'
    : undefined
}

interface Options {
  readonly progress: Progress
  readonly signal?: AbortSignal | undefined
}

/** Folder of the virtual environment with all of OpenStack, which is made once for each list of versions and kept. */
export async function findVenv({ progress, signal }: Options): Promise<string> {
  const stamp = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 16)
  const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'seca-operator', `openstack-${stamp}`)
  const isDone = () => existsSync(join(folder, 'done'))
  if (isDone()) return folder
  mkdirSync(folder, { recursive: true })
  const lock = await waitForLock(`${folder}.lock`, (pid) => progress.line(`waiting for process ${pid}, which installs OpenStack`), signal)
  try {
    if (isDone()) return folder
    const python = await interpreter()
    if (python === undefined) throw new SecaError('InvalidConfiguration', (await lackingForOpenStack()) ?? '')
    const step = progress.step('installing OpenStack from PyPI')
    try {
      rmSync(folder, { recursive: true, force: true })
      await command(python, ['-m', 'venv', folder], signal)
      await command(
        join(folder, 'bin', 'pip'),
        ['install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', REQUIREMENTS],
        signal,
      )
    } catch (error) {
      step.fail()
      throw error
    }
    writeFileSync(join(folder, 'done'), '')
    step.done()
    return folder
  } finally {
    lock.release()
  }
}

/** Runs a command to its end; fails with the end of what it said. */
export async function command(program: string, args: readonly string[], signal: AbortSignal | undefined, env = process.env): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env, ...(signal === undefined ? {} : { signal }) })
  let said = ''
  for (const out of [child.stdout, child.stderr]) out.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new SecaError('Internal', `${program} ${args.join(' ').slice(0, 200)} ended with ${code}:\n${said.trim()}`)
}
