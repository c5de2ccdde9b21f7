/** Escapes that `JSON.stringify` makes of half a surrogate pair, behind an even number of backslashes. */
const HALVES = /\\(?:u[dD][89a-fA-F][0-9a-fA-F]{2}|[^])/g
/** What JSON may hold as it is and YAML may not, or reads as something else (a next-line is a blank there). */
// oxlint-disable-next-line no-control-regex -- these are what this is about
const FOREIGN = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g

/**
 * JSON that a YAML parser reads as the same value: server-side apply takes nothing but YAML (and CBOR). Escapes of four digits are the
 * same in both, except for surrogates: pairs stay characters, and half of one, which is none, becomes U+FFFD, as it would in the store.
 */
export function asYaml(value: unknown): string {
  return JSON.stringify(value)
    .replace(HALVES, (escape) => (escape.length === 6 ? '\uFFFD' : escape))
    .replace(FOREIGN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
