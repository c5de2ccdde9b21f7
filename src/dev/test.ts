import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestConfig } from '../cli/developer-config.ts'
import { findAssets } from '../embedded/cluster/assets.ts'
import { findMore } from '../embedded/cluster/more.ts'
import { lackingForNode } from '../embedded/cluster/node/lacking.ts'
import { lackingForGitops } from './gitops.ts'
import { MUTANTS, runMutants } from './mutants.ts'
import { BED } from './openstack.ts'
import { createProgress, duration, type Progress } from '../cli/progress.ts'

const ROOT = join(import.meta.dirname, '../..')
const BIN = join(ROOT, 'node_modules', '.bin')

/** What `--full` makes longer (generated cases, kills, outages, fuzzing) or adds (Argo CD and Flux). A variable that is set already stays. */
const FULL = {
  SECA_TEST_RUNS: '2000',
  SECA_TEST_STRIDE: '1',
  SECA_E2E_KILLS: '20',
  SECA_E2E_OUTAGE_S: '60',
  SECA_E2E_POINTS: '4',
  SECA_FUZZ_EXAMPLES: '100',
  SECA_FUZZ_SECONDS: '900',
  SECA_E2E_GITOPS: '1',
}

/** E2e tests mostly wait for real processes: two parts keep two cores busy. */
const E2E_PARTS = 2

interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** `npm test`: static checks, unit tests, e2e tests, in this order and all of them; the last line is `N passed, N failed`. */
export async function runTests(config: TestConfig, context: { signal: AbortSignal }): Promise<number> {
  const progress = createProgress(process.stdout)
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  const start = performance.now()
  const wants = (part: TestConfig['only']) => config.only === undefined || config.only === part
  const given = { ...(config.full ? FULL : {}), ...process.env }
  const run = (title: string, command: string, args: string[], env: NodeJS.ProcessEnv = {}) =>
    heading(progress, title, () => execute(command, args, { ...given, ...env }, context.signal))

  if (wants('check')) {
    // A check that fails counts as one failed test: the last line never looks better than the exit code.
    const check = async (title: string, command: string, args: string[]) => {
      if ((await run(title, command, args)) !== 0) counts.failed++
    }
    await check('types (tsc)', join(BIN, 'tsc'), [])
    await check('lint (oxlint)', join(BIN, 'oxlint'), ['--type-aware', '--quiet'])
    await check('format (oxfmt)', join(BIN, 'oxfmt'), ['--check'])
    await check('generated files (gen --verify)', process.execPath, ['src/gen.ts', '--verify'])
  }
  /** Runs a project in so many parts side by side, each in a process (and, for e2e, with a control plane) of its own. */
  const suite = async (project: 'unit' | 'e2e', parts: number, env: NodeJS.ProcessEnv = {}) => {
    const part = async (number: number) => {
      const folder = mkdtempSync(join(tmpdir(), 'seca-test-'))
      const report = join(folder, 'report.json')
      const shard = parts === 1 ? [] : [`--shard=${number}/${parts}`]
      const args = ['run', '--project', project, ...shard, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
      const code = await run(`${project} tests${parts === 1 ? '' : `, part ${number} of ${parts}`}`, join(BIN, 'vitest'), args, env)
      add(counts, readReport(report), code)
      rmSync(folder, { recursive: true, force: true })
    }
    await Promise.all(Array.from({ length: parts }, (_, index) => part(index + 1)))
  }
  if (wants('unit')) await suite('unit', 1)
  if (wants('e2e') && !context.signal.aborted) {
    const { signal } = context
    const assets = await findAssets({ progress, signal, settings: config, command: 'npm test' })
    const lacking = await lackingForNode()
    // Built here, where it is told, and not within the time of a test.
    if (lacking === undefined) for (const more of ['node', 'helm'] as const) await findMore(more, { progress, signal, settings: config })
    else progress.line(`Tests with real pods are skipped: ${lacking}`)
    await findMore('etcd', { progress, signal, settings: config })
    const lackingGitops = lackingForGitops(given)
    if (lackingGitops === undefined) for (const which of ['argocd', 'flux'] as const) await findMore(which, { progress, signal })
    else progress.line(`Tests with Argo CD and Flux are skipped: ${lackingGitops}`)
    await execute(process.execPath, [BED, '--prepare'], given, signal)
    await suite('e2e', E2E_PARTS, { KUBEBUILDER_ASSETS: assets })
  }

  if ((config.full && config.only === undefined) || config.only === 'mutants')
    await heading(progress, 'mutants', async () => {
      const alive = await runMutants((line) => progress.line(line), context.signal)
      counts.failed += alive.length
      counts.passed += MUTANTS.length - alive.length
      return alive.length === 0 ? 0 : 1
    })

  progress.line(`\n${duration(performance.now() - start)}`)
  progress.line(`${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`)
  return counts.failed === 0 && !context.signal.aborted ? 0 : 1
}

async function heading(progress: Progress, title: string, work: () => Promise<number>): Promise<number> {
  progress.line(`\n── ${title}`)
  const start = performance.now()
  const code = await work()
  progress.line(`${code === 0 ? '✓' : '✗'} ${title} (${duration(performance.now() - start)})`)
  return code
}

/** Runs a command with our own output; resolves with its exit code. Ctrl-C in a terminal reaches it as well, so that it ends in order. */
function execute(command: string, args: string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  if (signal.aborted) return Promise.resolve(1)
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env })
    const stop = () => void child.kill('SIGTERM')
    signal.addEventListener('abort', stop)
    child.once('error', (error) => {
      process.stdout.write(`cannot start ${command}: ${error.message}\n`)
      resolve(1)
    })
    child.once('exit', (code, by) => {
      signal.removeEventListener('abort', stop)
      if (by !== null && !signal.aborted) process.stdout.write(`${command} ${args.join(' ')} was ended by ${by}\n`)
      resolve(code ?? 1)
    })
  })
}

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
}

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    return undefined
  }
}

/** Adds a report to the counts. A run that failed without a failed test (a file that does not load, say) is one failure. */
export function add(counts: Counts, report: Report | undefined, exitCode: number): void {
  counts.passed += report?.numPassedTests ?? 0
  counts.skipped += (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0)
  const failed = report?.numFailedTests ?? 0
  counts.failed += exitCode !== 0 && failed === 0 ? 1 : failed
}
