import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SecaError } from '../errors.ts'

/** A promise of the engine, broken on purpose: the unit tests must notice. */
interface Mutant {
  readonly name: string
  readonly file: string
  readonly from: string
  readonly to: string
  /** Where it has to be noticed. */
  readonly tests: readonly string[]
}

/** One for each promise that no cloud object is leaked, doubled or taken from others by. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'the finalizer is never added',
    file: 'src/reconcile/engine.ts',
    from: 'const object = needsFinalizer ? await writer.addFinalizer(kind, found, tools.signal) : found',
    to: 'const object = needsFinalizer && writer === undefined ? undefined : found',
    tests: ['src/reconcile/engine.test.ts'],
  },
  {
    name: 'dependents are never woken',
    file: 'src/reconcile/wake.ts',
    from: 'if (news !== undefined) this.#tellReaders(node, news, initial)',
    to: 'if (news === undefined) this.#tellReaders(node, "words" as News, initial)',
    tests: ['src/reconcile/wake.test.ts', 'src/reconcile/wake-world.test.ts'],
  },
  {
    name: 'adoption is always allowed',
    file: 'src/reconcile/connections.ts',
    from: 'return { ...entry.link, mayAdopt }',
    to: 'return { ...entry.link, mayAdopt: mayAdopt || true }',
    tests: ['src/reconcile/connections.test.ts', 'src/reconcile/engine.test.ts'],
  },
  {
    name: 'an account of others is used under a wrong id',
    file: 'src/reconcile/connections.ts',
    from: 'if (objection !== undefined) throw objection',
    to: 'if (objection !== undefined && tenant === "") throw objection',
    tests: ['src/reconcile/connections.test.ts'],
  },
  {
    name: 'an id that was copied from another cluster is used',
    file: 'src/reconcile/installation.ts',
    from: 'if (given === undefined) own(options, stored.data, cluster)',
    to: 'if (given === "") own(options, stored.data, cluster)',
    tests: ['src/reconcile/installation.test.ts'],
  },
  {
    name: 'what was found by its tag is changed before all that it names is known',
    file: 'src/reconcile/converge.ts',
    from: 'if (work.unmet !== undefined) return',
    to: 'if (work.unmet !== undefined && seen.externalId === "") return',
    tests: ['src/reconcile/converge.test.ts'],
  },
  {
    name: 'the test of the uid is dropped',
    file: 'src/reconcile/writer.ts',
    from: "const body = [{ op: 'test', path: '/metadata/uid', value: uid }, ...operations]",
    to: 'const body = uid === undefined ? [] : [...operations]',
    tests: ['src/reconcile/writer.test.ts', 'src/reconcile/engine.test.ts'],
  },
  {
    name: 'the fence is dropped',
    file: 'src/provider/http.ts',
    from: "(request.changes ?? request.method !== 'GET') ? this.#fenced : this.#agent",
    to: "(request.changes ?? request.method !== 'GET') ? this.#agent : this.#agent",
    tests: ['src/provider/http.test.ts', 'src/provider/fence.test.ts'],
  },
  {
    name: 'an account is acted in by whoever has ever had it',
    file: 'src/reconcile/shards/rights.ts',
    from: 'this.#isSure() && this.#held.has(account)',
    to: 'this.#held.has(account)',
    tests: ['src/reconcile/shards/shards.test.ts'],
  },
  {
    name: 'a budget that changes hands begins full',
    file: 'src/reconcile/accounts.ts',
    from: 'if (this.#isShared) made.budget.empty()',
    to: 'if (this.#isShared) made.budget.pause(0)',
    tests: ['src/reconcile/accounts.test.ts'],
  },
  {
    name: 'what an old store takes for missing is made without a look',
    file: 'src/reconcile/cloud-object.ts',
    from: 'nextStatus(object, outcome, now()) ?? { ...object.status }, signal)',
    to: 'nextStatus(object, outcome, now()) ?? { ...object.status }, signal).catch(() => undefined)',
    tests: ['src/reconcile/replicas.test.ts'],
  },
  {
    name: 'an incarnation is overwritten from an old store',
    file: 'src/reconcile/writer.ts',
    from: 'metadata: { name, namespace, resourceVersion }, status }',
    to: 'metadata: { name, namespace, ...(resourceVersion === "" ? { resourceVersion } : {}) }, status }',
    tests: ['src/reconcile/writer.test.ts'],
  },
  {
    name: 'the settle time is ignored',
    file: 'src/reconcile/memory.ts',
    from: 'from + settleMs + (isKnown ? 0 : roadMs) - now',
    to: 'from + 0 * settleMs + (isKnown ? 0 : roadMs) - now',
    tests: ['src/reconcile/memory.test.ts', 'src/reconcile/converge.test.ts'],
  },
  {
    name: 'a create on the road is forgotten',
    file: 'src/reconcile/memory.ts',
    from: 'from + settleMs + (isKnown ? 0 : roadMs) - now',
    to: 'from + settleMs + 0 * roadMs - now',
    tests: ['src/reconcile/memory.test.ts', 'src/reconcile/converge.test.ts'],
  },
  {
    name: 'what a sweep did not find is let go',
    file: 'src/reconcile/sweeper.ts',
    from: "if (finding !== 'in order') queue.add(id, { priority: 'low' })",
    to: "if (finding === 'differs') queue.add(id, { priority: 'low' })",
    tests: ['src/reconcile/sweeper.test.ts'],
  },
]

const ROOT = join(import.meta.dirname, '../..')
/** What the unit tests read. */
const PARTS = [
  'src',
  'controllers',
  'providers',
  'crds',
  'charts',
  'docs',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'README.md',
]

/** The file with the mutant in it. A mutant whose text is not there, or there twice, says nothing and is an error. */
export function mutate(text: string, { name, file, from, to }: Omit<Mutant, 'tests'>): string {
  const parts = text.split(from)
  if (parts.length !== 2)
    throw new SecaError('Internal', `mutant "${name}": ${file} has its text ${parts.length - 1} times instead of once`)
  return parts.join(to)
}

/** Runs each mutant's tests on a copy of the sources, after they passed without it; answers the names of those that lived. */
export async function runMutants(log: (line: string) => void, signal: AbortSignal): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'seca-mutants-'))
  const alive: string[] = []
  try {
    for (const part of PARTS) cpSync(join(ROOT, part), join(folder, part), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    const sound = await isGreen(folder, [...new Set(MUTANTS.flatMap(({ tests }) => tests))], signal)
    if (!sound) throw new SecaError('Internal', 'the tests of the mutants fail without any mutant')
    for (const mutant of MUTANTS) {
      const path = join(folder, mutant.file)
      const text = readFileSync(path, 'utf8')
      writeFileSync(path, mutate(text, mutant))
      const lives = await isGreen(folder, mutant.tests, signal)
      writeFileSync(path, text)
      log(`${lives ? '✗ lives' : '✓ noticed'}: ${mutant.name}`)
      if (lives) alive.push(mutant.name)
    }
    return alive
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function isGreen(folder: string, tests: readonly string[], signal: AbortSignal): Promise<boolean> {
  const args = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'unit', ...tests]
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore', signal })
    child.once('error', reject)
    child.once('exit', (code) => resolve(code === 0))
  })
}
