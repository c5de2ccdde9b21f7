import { afterEach, expect, it, vi } from 'vitest'
import { pinned, served } from './apt.ts'
import { temporaryFolder } from './testing.ts'

afterEach(() => vi.unstubAllEnvs())

it('where there is no apt-get, the error names what works there', async () => {
  vi.stubEnv('PATH', '/nowhere')
  const options = { architecture: 'amd64', cache: temporaryFolder() } as const
  for (const call of [() => pinned([], options), () => served(options)])
    await expect(call()).rejects.toThrow(/^this machine has no apt-get\. .*Containerfile: podman build/)
})
