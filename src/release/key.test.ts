import { generateKeyPairSync, verify } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSigner } from './key.ts'
import { signatureOf } from './signature.ts'

const folder = mkdtempSync(join(tmpdir(), 'seca-key-'))
const fileWith = (name: string, content: string) => {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const
const plain = fileWith('plain', privateKey.export(pkcs8).toString())
const sec1 = fileWith('sec1', privateKey.export({ type: 'sec1', format: 'pem' }).toString())
const locked = fileWith('locked', privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'right' }).toString())

test.each([
  { file: plain, password: undefined },
  { file: sec1, password: undefined },
  { file: locked, password: 'right' },
])('a signature is that of the key, over the document', ({ file, password }) => {
  const signer = readSigner(file, password)
  const signature = Buffer.from(signer.sign(Buffer.from('a')), 'base64')
  expect(verify('sha256', Buffer.from('a'), signer.publicKey, signature)).toBe(true)
  expect(verify('sha256', Buffer.from('b'), signer.publicKey, signature)).toBe(false)
})

const { privateKey: other } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const { privateKey: edwards } = generateKeyPairSync('ed25519')
test.each([
  { what: 'no file', file: join(folder, 'none'), password: undefined, says: 'there is no such file' },
  {
    what: 'another curve',
    file: fileWith('p384', other.export(pkcs8).toString()),
    password: undefined,
    says: 'is not one of ECDSA on P-256',
  },
  {
    what: 'another sort',
    file: fileWith('ed', edwards.export(pkcs8).toString()),
    password: undefined,
    says: 'is not one of ECDSA on P-256',
  },
  { what: 'no key', file: fileWith('text', 'secret text'), password: undefined, says: 'it is not a private key in PEM' },
  { what: 'no password', file: locked, password: undefined, says: 'SECA_KEY_PASSWORD is not its password' },
  { what: 'another password', file: locked, password: 'wrong-password', says: 'SECA_KEY_PASSWORD is not its password' },
])('$what is refused, and nothing of it is told', ({ file, password, says }) => {
  let message = ''
  try {
    readSigner(file, password)
  } catch (error) {
    message = (error as Error).message
  }
  expect(message).toContain(says)
  expect(message).not.toMatch(/secret text|wrong-password|BEGIN/)
})

test('a signature lies where cosign looks, and names repository and digest', () => {
  const digest = `sha256:${'ab'.repeat(32)}`
  const { tag, manifest, blobs } = signatureOf({ digest }, 'r.example.org/a/b', readSigner(plain, undefined))
  expect(tag).toBe(`sha256-${'ab'.repeat(32)}.sig`)
  const { layers, config } = JSON.parse(manifest.content.toString()) as {
    layers: { digest: string; mediaType: string; annotations: Record<string, string> }[]
    config: { digest: string }
  }
  expect(blobs.map(({ descriptor }) => descriptor.digest)).toEqual([config.digest, layers[0]?.digest])
  expect(layers[0]?.mediaType).toBe('application/vnd.dev.cosign.simplesigning.v1+json')
  expect(JSON.parse(blobs[1]!.content.toString())).toEqual({
    critical: {
      identity: { 'docker-reference': 'r.example.org/a/b' },
      image: { 'docker-manifest-digest': digest },
      type: 'cosign container image signature',
    },
    optional: null,
  })
  const signature = Buffer.from(layers[0]?.annotations['dev.cosignproject.cosign/signature'] ?? '', 'base64')
  expect(verify('sha256', blobs[1]!.content, readSigner(plain, undefined).publicKey, signature)).toBe(true)
})
