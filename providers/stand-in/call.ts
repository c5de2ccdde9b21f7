/** A request, as a cloud takes it. */
export interface Call {
  readonly method: string
  /** Path segments below the cloud's own entrance, or `/admin`. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  readonly body: unknown
}

export interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}
