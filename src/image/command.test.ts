import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { ImageConfig } from '../cli/developer-config.ts'
import { loadSettings } from '../cli/settings.ts'
import { architecturesOf, image, summaryOf, writeSums } from './command.ts'
import { temporaryFolder } from './testing.ts'

const settings = (...args: string[]) => loadSettings(ImageConfig, { args, env: {} })

it.each([
  [['--platform', 'linux/arm64'], ['arm64']],
  [['--platform', 'linux/amd64'], ['amd64']],
  [
    ['--platform', 'all'],
    ['amd64', 'arm64'],
  ],
  [[], [process.arch === 'arm64' ? 'arm64' : 'amd64']],
])('%j builds for %j', (args, architectures) => {
  expect(architecturesOf(settings(...args).platform)).toEqual(architectures)
})

it.each([
  [['--platform', 'linux/riscv64'], 'is not one of linux/amd64, linux/arm64, all'],
  [['--refresh', '--unpinned'], '--refresh and --unpinned exclude each other'],
  [['--platform', 'all', '--unpacked', 'x'], '--unpacked takes one --platform, not all'],
])('%j is refused', (args, message) => {
  expect(() => settings(...args)).toThrow(message)
})

it('a folder that is there already is left alone', async () => {
  const folder = temporaryFolder()
  const { signal } = new AbortController()
  await expect(image(settings('--unpacked', folder), { signal })).rejects.toThrow(`${folder} is there already`)
})

it('the sums are of all files of this version, and check out', () => {
  const out = temporaryFolder()
  const stem = `seca-operator-${manifest.version}-linux`
  for (const name of [`${stem}-arm64.tar`, `${stem}-amd64.tar`, 'seca-operator-0.0.1-linux-amd64.tar', 'other'])
    writeFileSync(join(out, name), name)
  writeSums(out)
  const checked = execFileSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: out, encoding: 'utf8' })
  expect(checked).toBe(`${stem}-amd64.tar: OK\n${stem}-arm64.tar: OK\n`)
})

it('what was built is told with its digest and sizes', () => {
  const layer = (name: 'base' | 'app', size: number) => ({ name, size, digest: 'sha256:0', diffId: 'sha256:0' })
  const files = { archive: 'dist/x.tar', sbom: '', provenance: '' }
  expect(summaryOf({ files, digest: 'sha256:1', layers: [layer('base', 2_621_440), layer('app', 838_861)], size: 3_460_301 })).toBe(
    'dist/x.tar\n  digest sha256:1\n  base     2.5 MiB\n  app      0.8 MiB\n  in all   3.3 MiB, compressed\n',
  )
})
