/** For tests: whether a text matches a pattern, in the slow and obvious way. */
export function globModel(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern[0] !== '*') return pattern[0] === text[0] && globModel(pattern.slice(1), text.slice(1))
  return globModel(pattern.slice(1), text) || (text !== '' && globModel(pattern, text.slice(1)))
}
