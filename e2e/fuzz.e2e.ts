import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OpenApi } from '../src/api/openapi.ts'
import { hasPython, installSchemathesis, run } from './fuzz/tool.ts'
import { furnish, narrowed, type Furnished } from './fuzz/world.ts'
import { startStack, type Stack } from './harness.ts'
import { type Api, call, pki, startApi } from './support/api.ts'

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
/** Another seed makes other requests: SECA_FUZZ_SEED, SECA_FUZZ_EXAMPLES for each operation, SECA_FUZZ_SECONDS for each of the two runs. */
const SEED = process.env['SECA_FUZZ_SEED'] ?? '20260701'
const EXAMPLES = process.env['SECA_FUZZ_EXAMPLES'] ?? '12'
const SECONDS = Number(process.env['SECA_FUZZ_SECONDS'] ?? '60')

const isPossible = await hasPython()
if (!isPossible) process.stdout.write('no python3 (3.10 or later, with venv) on this machine: the API is not fuzzed\n')

/** Requests made from the document that the API serves; every answer must be one that the document promises, and none a 5xx. */
describe.skipIf(!isPossible)('fuzzing the API', () => {
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
    const { text } = await call(`${api.url}/openapi.json`)
    served = JSON.parse(text) as OpenApi
    pki()
  })
  afterAll(async () => {
    await api?.stop()
    await stack?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const fuzz = async (name: string, document: object, ...more: readonly string[]) => {
    const file = join(folder, `${name}.json`)
    const report = join(folder, `${name}.report.json`)
    writeFileSync(file, JSON.stringify(document))
    const { output, code } = await run(
      tool,
      [
        'run',
        file,
        `--url=${api.url}`,
        `--tls-verify=${pki().path('ca.crt')}`,
        `--header=Authorization:Bearer ${world.token}`,
        `--checks=${CHECKS.join()}`,
        `--max-examples=${EXAMPLES}`,
        ...more,
        `--seed=${SEED}`,
        '--continue-on-failure',
        '--workers=1',
        '--warnings=off',
        '--suppress-health-check=all',
        '--no-color',
        `--report=json`,
        `--report-json-path=${report}`,
      ],
      { cwd: folder, timeoutMs: SECONDS * 3_000 },
    )
    writeFileSync(`/tmp/hostile/${name}.out`, output + (await (await fetch(`${api.healthUrl}/metrics`)).text()))
    return { output, code }
  }

  it('as the document says', async () => {
    const { output, code } = await fuzz('served', served, '--phases=examples,coverage,fuzzing')
    expect([code, output.slice(-6_000)]).toEqual([0, expect.anything()])
  })

  it('where there is something to find', async () => {
    const { output, code } = await fuzz('narrowed', narrowed(served, world), '--phases=coverage,fuzzing', '--mode=positive')
    expect([code, output.slice(-6_000)]).toEqual([0, expect.anything()])
  })
})
