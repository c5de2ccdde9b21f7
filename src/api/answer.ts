/** Headers of an {@link Answer}; names in lower case. */
export type Fields = Readonly<Record<string, string>>

/**
 * What the API answers: a `Response` without its streams, which would cost more than the rest of a GET together.
 * Tests read it as they would read a `Response`.
 */
export class Answer {
  readonly status: number
  readonly fields: Fields
  readonly body: string | Uint8Array | null

  constructor(body: string | Uint8Array | null, { status = 200, headers = {} }: { status?: number; headers?: Fields } = {}) {
    this.body = body
    this.status = status
    this.fields = headers
  }

  get headers(): Headers {
    return new Headers(this.fields)
  }
  /** Length of the body in bytes. */
  get length(): number {
    return this.body === null ? 0 : typeof this.body === 'string' ? Buffer.byteLength(this.body) : this.body.byteLength
  }
  text(): Promise<string> {
    return Promise.resolve(Buffer.from(this.body ?? '').toString())
  }
  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }
  arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.resolve(Uint8Array.from(Buffer.from(this.body ?? '')).buffer)
  }
}
