import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OpenApi } from '../../src/api/reference/openapi.ts'
import { hasPython, installSchemathesis, type Ran, run } from './fuzz/tool.ts'
import { furnish, type Furnished, narrowed } from './fuzz/world.ts'
import { wipe } from '../support/audit.ts'
import { startStack, type Stack } from '../support/harness.ts'
import { type Api, call, pki, startApi } from '../support/api.ts'

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'ignored_auth',
  'unsupported_method',
  'allow_header_conformance',
]
/** Another seed makes other requests, and more examples for each operation more of them; then give it more time. */
const SEED = process.env['SECA_FUZZ_SEED'] ?? '20260701'
const EXAMPLES = process.env['SECA_FUZZ_EXAMPLES'] ?? '12'
const SECONDS = Number(process.env['SECA_FUZZ_SECONDS'] ?? '180')

const isPossible = await hasPython()
if (!isPossible) process.stdout.write('no python3 (3.10 or later, with venv) on this machine: the API is not fuzzed\n')

/** Requests made from the document that the API serves; every answer must be one that the document promises, and none a 5xx. */
describe.skipIf(!isPossible)('fuzzing the API', { timeout: SECONDS * 1_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'seca-fuzz-'))
  let stack: Stack
  let api: Api
  let tool: string
  let world: Furnished
  let served: OpenApi

  beforeAll(async () => {
    tool = await installSchemathesis()
    stack = await startStack({ latencyMs: 0 })
    api = await startApi({ seeded: false })
    world = await furnish(api)
    served = (await call(`${api.url}/openapi.json`)).json<OpenApi>()
  })
  afterAll(async () => {
    try {
      await api?.stop()
      if (stack !== undefined) await wipe(stack)
    } finally {
      await stack?.stop()
    }
    rmSync(folder, { recursive: true, force: true })
  })

  const fuzz = async (document: object, ...more: readonly string[]): Promise<Ran> => {
    const file = join(folder, 'openapi.json')
    writeFileSync(file, JSON.stringify(document))
    const access = [`--url=${api.url}`, `--tls-verify=${pki().path('ca.crt')}`, `--header=Authorization:Bearer ${world.token}`]
    const amount = [`--seed=${SEED}`, `--max-examples=${EXAMPLES}`, '--workers=1']
    const output = ['--continue-on-failure', '--suppress-health-check=all', '--warnings=off', '--no-color']
    return run(tool, ['run', file, ...access, `--checks=${CHECKS.join()}`, ...amount, ...output, ...more], {
      cwd: folder,
      timeoutMs: SECONDS * 1_000,
    })
  }

  /** Statuses that the API answered with since it started, in its own count. */
  const statuses = async (): Promise<ReadonlyMap<string, number>> => {
    const counted = new Map<string, number>()
    const text = await (await fetch(`${api.healthUrl}/metrics`)).text()
    for (const [, code = '', times] of text.matchAll(/^seca_api_requests_total\{.*code="(\d+)"\} (\d+)$/gm))
      counted.set(code, (counted.get(code) ?? 0) + Number(times))
    return counted
  }

  const expectClean = ({ code, output }: Ran) => {
    process.stdout.write(`schemathesis: ${/^ *(\d+ generated.*)$/m.exec(output)?.[1] ?? 'no summary'} (seed ${SEED})\n`)
    expect(code, output.slice(0, 20_000)).toBe(0)
  }

  it('finds out a document that is not true', async () => {
    const lie = structuredClone(served) as unknown as { paths: Record<string, { get: { responses: Record<string, unknown> } }> }
    const path = '/providers/seca.region/v1/regions'
    delete lie.paths[path]!.get.responses['200']
    const { code, output } = await fuzz(lie, `--include-path=${path}`, '--phases=fuzzing', '--max-examples=3')
    expect([code, output]).toEqual([1, expect.stringContaining('Undocumented status code')])
  })

  it('answers random requests as the document says', async () => {
    expectClean(await fuzz(served, '--phases=examples,coverage,fuzzing'))
  })

  it('and requests about what is there', async () => {
    expectClean(await fuzz(narrowed(served, world), '--phases=coverage,fuzzing', '--mode=positive'))
    const counted = await statuses()
    for (const good of ['200', '201', '202', '404', '409', '422'])
      expect([good, counted.get(good) ?? 0]).toEqual([good, expect.toSatisfy((times: number) => times >= 10)])
    expect([...counted.keys()].filter((status) => status.startsWith('5'))).toEqual([])
    expect(api.logs()).not.toContain('request failed')
  })
})
