import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { SecaError } from '../errors.ts'

/** What signs a release. */
export interface Signer {
  /** PEM */
  readonly publicKey: string
  /** ECDSA P-256 over SHA-256, DER, in base64: what cosign writes and reads. */
  sign(content: Uint8Array): string
}

/** Key in a file: PEM (PKCS #8, which may be encrypted, or SEC 1). Throws, without a word of what is in it, when it is not one of ECDSA P-256. */
export function readSigner(file: string, password: string | undefined): Signer {
  const key = readKey(file, password)
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new SecaError('InvalidConfiguration', `the key in ${file} is not one of ECDSA on P-256, which cosign takes. Nothing was changed.`)
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  return { publicKey, sign: (content) => sign('sha256', content, key).toString('base64') }
}

function readKey(file: string, password: string | undefined): KeyObject {
  const refused = (why: string) => new SecaError('InvalidConfiguration', `the key ${file} cannot be used: ${why}. Nothing was changed.`)
  if (!existsSync(file)) throw refused('there is no such file')
  const key = readFileSync(file)
  try {
    return createPrivateKey({ key, ...(password === undefined ? {} : { passphrase: password }) })
  } catch {
    // What OpenSSL says of it is no help, and could hold a part of it.
    if (key.includes('BEGIN ENCRYPTED PRIVATE KEY')) throw refused('SECA_KEY_PASSWORD is not its password')
    throw refused(
      'it is not a private key in PEM, such as openssl genpkey makes (cosign takes those by import-key-pair; its own are of another form)',
    )
  }
}
