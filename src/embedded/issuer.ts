import { createPublicKey } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importPKCS8, SignJWT } from 'jose'
import type { MintConfig } from '../cli/config.ts'
import { SecaError } from '../errors.ts'
import { write } from './process/private-file.ts'
import { createSigningKey } from '../x509.ts'

/** Claim `iss` of the embedded issuer's tokens, and the audience that the embedded API expects. */
export const ISSUER = 'seca-embedded'
export const AUDIENCE = 'seca'

const KEY = 'issuer.key'
const PUBLIC = 'issuer.pub'

/** The embedded issuer is a key pair in the data folder; the API reads the public half. Resolves with the path of that. */
export function ensureIssuer(dataDir: string): string {
  const [key, publicKey] = [join(dataDir, KEY), join(dataDir, PUBLIC)]
  if (!existsSync(publicKey)) {
    const made = createSigningKey()
    write(key, made.key)
    write(publicKey, made.publicKey)
  }
  return publicKey
}

interface Wish {
  readonly subject: string
  readonly ttlMs: number
  readonly audience?: string
  /** Holds the token to one tenant. */
  readonly tenant?: string | undefined
}

/** A token of the embedded issuer (ES256). */
export async function mintToken(dataDir: string, { subject, ttlMs, audience = AUDIENCE, tenant }: Wish): Promise<string> {
  const file = join(dataDir, KEY)
  if (!existsSync(file))
    throw new SecaError('InvalidConfiguration', `there is no embedded issuer in ${dataDir}: run npm start, or choose another --data-dir`)
  const pem = readFileSync(file, 'utf8')
  const kid = createPublicKey(pem).export({ format: 'jwk' }).x?.slice(0, 8) ?? ''
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT(tenant === undefined ? {} : { tenants: [tenant] })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
    .setIssuer(ISSUER)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt(now)
    .setExpirationTime(now + Math.ceil(ttlMs / 1000))
    .sign(await importPKCS8(pem, 'ES256'))
}

/** `seca-operator token` */
export async function printToken(config: MintConfig): Promise<void> {
  process.stdout.write(`${await mintToken(config.dataDir, config)}\n`)
}
