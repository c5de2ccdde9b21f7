import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DoctorConfig } from '../cli/config.ts'
import { loadSettings } from '../cli/settings.ts'
import { CHECKS } from './checks/index.ts'
import { doctor } from './doctor.ts'

const settings = (...args: string[]) => loadSettings(DoctorConfig, { args: ['--kubeconfig', '/nowhere', ...args], env: {} })
const run = (...args: string[]) => doctor(settings(...args), { signal: new AbortController().signal })

describe('doctor', () => {
  it('has a page that tells of each check, in their order', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/doctor.md'), 'utf8')
    const [, table = ''] = page.split('| Check |')
    expect([...table.matchAll(/^\| `([a-z]+)` \|/gm)].map(([, name]) => name)).toEqual(CHECKS.map(({ name }) => name))
  })

  it('refuses what it does not understand, before it looks at anything', async () => {
    await expect(run('--only', 'clouts')).rejects.toThrow('--only clouts: there is no such check; did you mean clouds?')
    await expect(run('--api-url', 'http://api.example')).rejects.toThrow('is not an https URL')
    await expect(run()).rejects.toThrow('/nowhere')
    expect(() => settings('--token-issuer-bearer-file', 'x')).toThrow('--token-issuer-bearer-file needs --token-ca-file')
  })
})
