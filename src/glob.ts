/**
 * Whether `pattern`, in which `*` stands for any run of characters (slashes too), matches all of `text`. Time grows with the product
 * of the lengths at worst: patterns come from tenants, so they never become a RegExp.
 */
export function globMatches(pattern: string, text: string): boolean {
  let [at, from] = [0, 0]
  // Where to go on when the run after the last star does not fit: one character further.
  let [star, taken] = [-1, 0]
  while (from < text.length) {
    if (pattern[at] === '*') {
      star = at++
      taken = from
    } else if (at < pattern.length && pattern[at] === text[from]) {
      at++
      from++
    } else if (star >= 0) {
      at = star + 1
      from = ++taken
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
