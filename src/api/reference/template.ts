/** Stands for the base URL in a text that is made once for all clients. Plain letters: it looks the same in HTML and in JSON. */
export const BASE_URL = 'https://base-url.seca.invalid'

/** A text in which only the base URL differs between clients: filling it in is a copy, whatever hosts clients make up. */
export class Template {
  readonly #pieces: readonly Buffer[]

  constructor(text: string) {
    this.#pieces = text.split(BASE_URL).map((piece) => Buffer.from(piece))
  }

  /** `base` as it has to stand in the text: escaped. */
  fill(base: string): Buffer {
    const filling = Buffer.from(base)
    return Buffer.concat(this.#pieces.flatMap((piece, index) => (index === 0 ? [piece] : [filling, piece])))
  }
}
