import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const PACKAGE = 'schemathesis==4.32.5'

export interface Ran {
  readonly code: number
  readonly output: string
}

/** Runs a program to its end; output is both streams. */
export function run(command: string, args: readonly string[], options: { cwd?: string; timeoutMs?: number } = {}): Promise<Ran> {
  const { cwd, timeoutMs: timeout = 0 } = options
  return new Promise((resolve) => {
    execFile(command, args, { cwd, timeout, maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, output: `${stdout}${stderr}` }),
    )
  })
}

/** Python is not part of this project: where there is none, what needs it is left out. */
export async function hasPython(): Promise<boolean> {
  return (await run('python3', ['-c', 'import venv, ensurepip, sys; sys.exit(sys.version_info < (3, 10))'])).code === 0
}

/** Path of schemathesis, installed from PyPI into the cache when it is not there yet. */
export async function installSchemathesis(): Promise<string> {
  const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'seca-operator', PACKAGE.replaceAll('=', ''))
  const done = join(folder, 'done')
  if (!existsSync(done)) {
    mkdirSync(folder, { recursive: true })
    for (const [command, ...args] of [
      ['python3', '-m', 'venv', folder],
      [join(folder, 'bin', 'pip'), 'install', '--quiet', '--disable-pip-version-check', PACKAGE],
    ] as const) {
      const { code, output } = await run(command, args)
      if (code === 0) continue
      rmSync(folder, { recursive: true, force: true })
      throw new Error(`${[command, ...args].join(' ')}: ${output}`)
    }
    writeFileSync(done, '')
  }
  return join(folder, 'bin', 'schemathesis')
}
