/** Controls but line ends and tabs, and what is no character. */
// oxlint-disable-next-line no-control-regex -- these are what this is about
const UNPRINTABLE = /[\0-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g

/** Text from anywhere as a condition, event or log can show it: of whole characters, without controls, at most `max` UTF-16 units long. */
export function safeText(text: string, max: number): string {
  const whole = text.slice(0, max).toWellFormed().replace(UNPRINTABLE, ' ')
  const isCutInTwo = text.length > max && /[\ud800-\udbff]/.test(text.charAt(max - 1))
  return isCutInTwo ? whole.slice(0, -1) : whole
}
