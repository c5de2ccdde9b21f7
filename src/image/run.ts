import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { asError, SecaError } from '../errors.ts'

const MAX_OUTPUT = 64 * 1024 ** 2

interface RunOptions {
  readonly cwd?: string
  readonly signal?: AbortSignal | undefined
  readonly env?: NodeJS.ProcessEnv
}

/** Our own settings, passwords among them, are nothing to other programs. */
const withoutOurs = (env: NodeJS.ProcessEnv) => Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('SECA_')))

/** Output of a program of this machine. Throws with the last lines of what it said when it fails, and `NotFound` when there is none. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  const env = { ...withoutOurs(options.env ?? process.env), LC_ALL: 'C' }
  try {
    const { stdout } = await promisify(execFile)(command, args, { ...options, env, encoding: 'buffer', maxBuffer: MAX_OUTPUT })
    return stdout
  } catch (thrown) {
    options.signal?.throwIfAborted()
    const error = asError(thrown) as NodeJS.ErrnoException & { stderr?: Buffer }
    if (error.code === 'ENOENT') throw new SecaError('NotFound', `this machine has no ${command}`)
    const said = error.stderr?.toString('utf8').trim().split('\n').slice(-5).join('\n') || error.message
    throw new SecaError('NotReady', `${command} ${args[0] ?? ''} failed: ${said}`)
  }
}
