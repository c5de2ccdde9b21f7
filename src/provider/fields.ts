import { X509Certificate } from 'node:crypto'
import * as z from 'zod'

/** Fields that settings of several adapters share. */

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/

/** Whether credentials may be sent there: HTTPS, or this machine. */
export function isSafeUrl(text: string): boolean {
  const url = URL.parse(text)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
}

/** Of every certificate in a text, so that none is left out without a word. */
function isPem(text: string): boolean {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.map((block) => new X509Certificate(block)).length > 0 && !/PRIVATE KEY/.test(text)
  } catch {
    return false
  }
}

/** Where a cloud's API is. */
export const safeUrl = () => z.url().refine(isSafeUrl, 'must be an https URL; http only to this machine')

/** Certificates that vouch for the cloud. */
export const certificates = () =>
  z
    .string()
    .max(65_536)
    .refine(isPem, 'must be certificates in PEM, and no key')
    .optional()
    .describe("PEM of the CAs that vouch for the cloud's certificate; absent = the usual ones.")
