/** Integers up to here are themselves in every reader (RFC 8259 §6, RFC 7493 §2.2). */
const MAX = 2 ** 53

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/**
 * Whether a number of a JSON text comes back as the value that was sent, after it was read and printed by us and by kube-apiserver:
 * not beyond ±2^53, no `-0`, and no more digits than a double tells apart.
 */
export function isKeptNumber(source: string): boolean {
  const value = Number(source)
  if (Math.abs(value) > MAX || Object.is(value, -0)) return false
  return sameDecimal(source, String(value))
}

/** Both print the same decimal value. */
function sameDecimal(one: string, other: string): boolean {
  const [left, right] = [decimalOf(one), decimalOf(other)]
  return left.digits === right.digits && left.sign === right.sign && left.exponent === right.exponent
}

interface Decimal {
  readonly sign: string
  /** Without zeros at either end. */
  readonly digits: string
  /** Of the first digit. */
  readonly exponent: number
}
const ZERO: Decimal = { sign: '', digits: '', exponent: 0 }

function decimalOf(text: string): Decimal {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? []
  const all = whole + fraction
  let start = 0
  while (all[start] === '0') start++
  // No regular expression: zeros in the middle would be looked at again from each of them.
  let end = all.length
  while (end > start && all[end - 1] === '0') end--
  return start === end ? ZERO : { sign, digits: all.slice(start, end), exponent: Number(exponent) + whole.length - start }
}
