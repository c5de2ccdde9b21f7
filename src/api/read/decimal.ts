/** A decimal number of any length; kept as digits, because a double would take large neighbours for equal. */
interface Decimal {
  readonly isNegative: boolean
  /** Without zeros in front. */
  readonly whole: string
  /** Without zeros at the end. */
  readonly fraction: string
}

const DECIMAL = /^([-+]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))$/

/** Reads `-1.5`, `+3`, `.5`, `7.`; undefined for everything else, exponents too. */
export function parseDecimal(text: string): Decimal | undefined {
  const parts = DECIMAL.exec(text)
  if (parts === null) return undefined
  const [, sign, digits = '', behind, alone] = parts
  const whole = digits.slice(countZeros(digits, 0, 1))
  const decimals = behind ?? alone ?? ''
  const fraction = decimals.slice(0, decimals.length - countZeros(decimals, decimals.length - 1, -1))
  return { isNegative: sign === '-' && (whole !== '' || fraction !== ''), whole, fraction }
}

function countZeros(digits: string, from: number, step: 1 | -1): number {
  let count = 0
  while (digits[from + count * step] === '0') count++
  return count
}

/** Negative, zero or positive, as `one` is less than, equal to or more than `other`. */
export function compareDecimals(one: Decimal, other: Decimal): number {
  if (one.isNegative !== other.isNegative) return one.isNegative ? -1 : 1
  const size = one.whole.length - other.whole.length || order(one.whole, other.whole) || order(one.fraction, other.fraction)
  return one.isNegative ? -size : size
}

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
