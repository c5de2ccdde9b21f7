import { parseTag, tagPrefix } from '../../../src/provider/tags.ts'
import type { Facts, Mark } from '../../../src/provider/translation.ts'
import { type Native, textOf } from '../native.ts'

/** Neutron keeps 255 characters. */
const LIMIT = 255

/** Tag and incarnation as one text: the tag alone where both are too long, so that of an object made twice nobody can tell which is the twin. */
export function descriptionOf({ tag, incarnation }: Pick<Mark, 'tag' | 'incarnation'>): string {
  const text = `${tag} ${incarnation}`
  return incarnation === '' || text.length > LIMIT ? tag : text
}

/** What a description says of ownership; that of somebody else is none of our business. */
export function markOf(description: string): Pick<Facts, 'tag' | 'incarnation'> {
  const [tag = '', incarnation] = description.split(' ')
  return parseTag(tag) === undefined || description.split(' ').length > 2 ? { tag: '' } : { tag, incarnation }
}

/** Whether an object is of the installation that a tag is of. */
export function isOfSame(object: Native, tag: string): boolean {
  const { installation = '' } = parseTag(tag) ?? {}
  return installation !== '' && markOf(textOf(object, 'description')).tag.startsWith(tagPrefix(installation))
}
