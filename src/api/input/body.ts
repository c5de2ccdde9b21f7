import { JsonError, parseJson } from './json.ts'
import { inBody, inParameter, Refusal } from '../problem.ts'

/** Largest body of a PUT, in bytes (contract §11.14). */
const MAX_BYTES = 1_048_576

const tooLarge = () => new Refusal('TooLarge', `the body is larger than ${MAX_BYTES} bytes`)

/** A JSON object, and the text that it was read from: numbers lose digits when they are read. */
interface Body {
  readonly json: Readonly<Record<string, unknown>>
  readonly text: string
}

/** Reads a JSON object; pauses in between. Throws 413, 400 or (for JSON that is no object) 422. */
export function* readingBody(bytes: Uint8Array): Generator<void, Body> {
  const text = decode(limited(bytes))
  yield
  const value = parse(text)
  yield
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { json: value as Body['json'], text }
  throw new Refusal('ValidationFailed', 'the body must be a JSON object', { sources: [inBody('')] })
}

/** Throws 415 for what is not plain JSON, 413 for what says that it is too large. */
export function checkHeaders(headers: Headers): void {
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json')
    throw new Refusal('UnsupportedMediaType', 'send the resource as JSON, with "Content-Type: application/json"', {
      sources: [inParameter('Content-Type')],
      headers: { accept: 'application/json' },
    })
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity')
    throw new Refusal('UnsupportedMediaType', 'compressed bodies are not read here; send it as it is', {
      sources: [inParameter('Content-Encoding')],
    })
  if (Number(headers.get('content-length') ?? 0) > MAX_BYTES) throw tooLarge()
}

function limited(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength > MAX_BYTES) throw tooLarge()
  return bytes
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Refusal('InvalidRequest', 'the body is not valid UTF-8', { sources: [inBody('')] })
  }
}

function parse(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof JsonError)
      throw new Refusal(error.pointer === undefined ? 'InvalidRequest' : 'ValidationFailed', error.message, {
        sources: [inBody(error.pointer ?? '')],
      })
    throw error
  }
}
