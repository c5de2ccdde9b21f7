import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { Keys, keysInFile } from '../../src/api/identity/keys.ts'
import { Tokens } from '../../src/api/identity/token.ts'
import { createLog } from '../../src/observe/log.ts'
import { kubectl } from '../support/harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'seca-tokens-'))
afterAll(() => rmSync(folder, { recursive: true }))

// The chart's README tells these commands to who tries SECA without an issuer of their own.
it('the cluster itself can be the issuer of a trial: its tokens are believed by the keys that it publishes', async () => {
  const { issuer } = JSON.parse(await kubectl(['get', '--raw', '/.well-known/openid-configuration'])) as { issuer: string }
  const file = join(folder, 'keys.json')
  writeFileSync(file, await kubectl(['get', '--raw', '/openid/v1/jwks']))
  const create = (...args: string[]) => kubectl(['create', 'token', 'default', '--namespace', 'default', ...args])
  const keys = new Keys({ source: keysInFile(file), log: createLog({ level: 'silent', name: 'tokens' }), lastGoodMs: 60_000 })
  const tokens = new Tokens({ keys, issuer, audience: 'seca', clockToleranceS: 30 })
  const caller = await tokens.verify((await create('--audience', 'seca')).trim())
  expect(caller.subject).toBe('system:serviceaccount:default:default')
  // One for kube-apiserver, as pods have it, opens nothing here.
  await expect(tokens.verify((await create()).trim())).rejects.toThrow(/audience|aud/)
})
