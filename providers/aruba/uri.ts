import { COLLECTIONS } from './collections.ts'

/** URIs name objects, `/projects/{p}/providers/Aruba.Network/vpcs/{v}/subnets/{s}`. The cloud writes them in one case and takes requests in another. */

const SEGMENTS = new Map(
  Object.values(COLLECTIONS)
    .flatMap(({ path }) => path.split('/'))
    .map((segment) => [segment.toLowerCase(), segment]),
)

/** Path of requests for what a URI names. */
export function pathOf(uri: string): string {
  return uri
    .split('/')
    .map((segment) => SEGMENTS.get(segment.toLowerCase()) ?? encodeURIComponent(segment))
    .join('/')
}

export function sameUri(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

export function hasUri(uris: readonly string[], uri: string): boolean {
  return uris.some((one) => sameUri(one, uri))
}

/** Collection of what a URI names. */
export function typeOf(uri: string): string {
  return pathOf(uri).split('/').at(-2) ?? ''
}

/** URI of what the object is in; undefined of a project. */
export function parentOf(uri: string): string | undefined {
  return (
    uri
      .split('/')
      .slice(0, -2)
      .join('/')
      .replace(/\/providers\/[^/]+$/i, '') || undefined
  )
}

/** Whether something is in what another URI names. */
export function isIn(uri: string, outer: string): boolean {
  return uri.toLowerCase().startsWith(`${outer.toLowerCase()}/`)
}

/** Whether a text names an object: its URI, its id, or its name. */
export function names(text: string, object: { readonly uri: string; readonly name?: string }): boolean {
  return sameUri(text, object.uri) || text === object.uri.split('/').at(-1) || text === object.name
}
