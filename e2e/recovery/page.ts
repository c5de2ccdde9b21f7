import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { expect, inject } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'
import { findMore } from '../../src/embedded/cluster/more.ts'
import { helmProgram } from '../support/helm.ts'
import { commandsOf } from '../support/page.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The commands of docs/disaster-recovery.md, and which of them were run. */
export const PAGE = commandsOf('docs/disaster-recovery.md')
export const run = new Set<string>()

interface Place {
  readonly kubeconfig: string
  /** Variables that the page speaks of: `BACKUP`, `MANIFESTS`… */
  readonly variables: Readonly<Record<string, string>>
}

/** Runs so many of the blocks below a heading of the page, as they stand there; resolves with what they printed. `code`: how the last one ends. */
export async function follow(heading: string, numbers: readonly number[], { kubeconfig, variables }: Place, code = 0): Promise<string> {
  const tools = [inject('assets'), dirname(await helmProgram()), await findMore('etcd', { progress: createProgress() })]
  const env = {
    PATH: [...tools, dirname(process.execPath), process.env['PATH']].join(':'),
    // Nothing of the user's own.
    HOME: variables['BACKUP'],
    KUBECONFIG: kubeconfig,
    // Of the audit: calls to this cloud do not take a minute.
    SECA_CALL_TIMEOUT: '1s',
    ...variables,
  }
  let printed = ''
  for (const number of numbers) {
    const block = PAGE.get(heading)?.[number]
    if (block === undefined) throw new Error(`the page has no block ${number} below "${heading}"`)
    run.add(`${heading} ${number}`)
    const [ended, text] = await new Promise<[unknown, string]>((resolve) => {
      execFile('sh', ['-euc', block], { cwd: ROOT, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
        resolve([error === null ? 0 : error.code, `${stdout}${stderr}`]),
      )
    })
    expect(ended, `${block}\n${text}`).toBe(number === numbers.at(-1) ? code : 0)
    printed += text
  }
  return printed
}
