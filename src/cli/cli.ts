import type * as z from 'zod'
import manifest from '../../package.json' with { type: 'json' }
import { asError, SecaError } from '../errors.ts'
import { hint } from './flags.ts'
import { helpText, loadSettings } from './settings.ts'

/** What a subcommand gets besides its settings. */
interface Context {
  /** Aborted by SIGINT and SIGTERM: end in order, and return. */
  readonly signal: AbortSignal
}

interface Subcommand {
  readonly summary: string
  readonly schema: z.ZodObject
  run(args: readonly string[], env: NodeJS.ProcessEnv, context: Context): Promise<number | void>
}

/** One subcommand: what it does in a few words, its settings, and the code. A number that it returns is the exit code. */
export function subcommand<S extends z.ZodObject>(
  summary: string,
  schema: S,
  run: (settings: z.output<S>, context: Context) => Promise<number | void>,
): Subcommand {
  return { summary, schema, run: (args, env, context) => run(loadSettings(schema, { args, env }), context) }
}

/** `EX_CONFIG` of sysexits.h: the settings are wrong, trying again will not help. */
const BAD_CONFIGURATION = 78

/** Runs the subcommand that `args` names; resolves with the exit code. */
export async function dispatch(
  subcommands: Readonly<Record<string, Subcommand>>,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const [name = '--help', ...rest] = args
  if (name === '--version') return print(`${manifest.version}\n`)
  if (name === '--help' || name === '-h' || name === 'help') return print(overview(subcommands))
  const chosen = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined
  if (!chosen) {
    const kind = name.startsWith('-') ? 'flag' : 'subcommand'
    const known = [...Object.keys(subcommands), '--help', '--version']
    return complain(`unknown ${kind} ${name}${hint(name, known)}\nThere are: ${known.join(', ')}`, BAD_CONFIGURATION)
  }
  if (rest.includes('--help') || rest.includes('-h')) return print(helpText(name, chosen.summary, chosen.schema))
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(new Error(signal)))
  try {
    return (await chosen.run(rest, env, { signal: stop.signal })) ?? 0
  } catch (thrown) {
    const error = asError(thrown)
    if (stop.signal.aborted && isAbort(error, stop.signal)) return 0
    if (!(error instanceof SecaError)) return complain(`seca-operator ${name}: ${error.stack ?? error.message}`, 1)
    const isConfiguration = error.code === 'InvalidConfiguration'
    return complain(`${error.message}${isConfiguration ? '\n--help lists the flags.' : ''}`, isConfiguration ? BAD_CONFIGURATION : 1)
  }
}

// What was under way when the signal came, in whatever wrapping.
function isAbort(error: Error, signal: AbortSignal): boolean {
  return error === signal.reason || error.name === 'AbortError' || (error.cause instanceof Error && isAbort(error.cause, signal))
}

function overview(subcommands: Readonly<Record<string, Subcommand>>): string {
  const rows = Object.entries(subcommands).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`)
  return ['seca-operator <subcommand> [flags]', '', ...rows, '', 'seca-operator <subcommand> --help lists its flags.', ''].join('\n')
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function complain(text: string, exitCode: number): number {
  process.stderr.write(`${text}\n`)
  return exitCode
}
