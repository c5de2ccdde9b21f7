import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { credentialsFor } from './credentials.ts'

const folderWith = (config: object | string) => {
  const folder = mkdtempSync(join(tmpdir(), 'seca-docker-'))
  writeFileSync(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config))
  return { DOCKER_CONFIG: folder }
}
const auth = Buffer.from('me:pass:word').toString('base64')

test('variables come before what docker login wrote', () => {
  const env = { ...folderWith({ auths: { 'r.example.org': { auth } } }), SECA_REGISTRY_USER: 'a', SECA_REGISTRY_PASSWORD: 'b' }
  expect(credentialsFor('r.example.org', env)).toEqual({ user: 'a', password: 'b' })
})

test.each(['r.example.org', 'https://r.example.org', 'https://r.example.org/v1/'])('of docker login for %s', (name) => {
  expect(credentialsFor('r.example.org', folderWith({ auths: { [name]: { auth } } }))).toEqual({ user: 'me', password: 'pass:word' })
})

test('those of another host are not sent', () => {
  expect(credentialsFor('r.example.org.evil.test', folderWith({ auths: { 'r.example.org': { auth } } }))).toBeUndefined()
})

test('nobody, where there is nothing', () => {
  expect(credentialsFor('r.example.org', { DOCKER_CONFIG: '/nowhere' })).toBeUndefined()
})

test.each([
  { what: 'a program', env: folderWith({ credsStore: 'secret' }), says: 'leaves the password of r.example.org to a program' },
  { what: 'half of it', env: { SECA_REGISTRY_USER: 'a' }, says: 'go together' },
  { what: 'something else', env: folderWith('{'), says: 'is not JSON' },
])('$what is told', ({ env, says }) => {
  expect(() => credentialsFor('r.example.org', env)).toThrow(says)
})
