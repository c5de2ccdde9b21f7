import { describe, expect, it } from 'vitest'
import { parseAccept } from './accept.ts'

describe('Accept', () => {
  it.each<[string | null, 'live' | 'all' | 'deleted']>([
    [null, 'live'],
    ['', 'live'],
    ['*/*', 'live'],
    ['application/json', 'live'],
    ['application/*', 'live'],
    ['Application/JSON', 'live'],
    ['text/html, */*;q=0.1', 'live'],
    ['application/json; charset=utf-8', 'live'],
    ['application/json;deleted=true', 'all'],
    ['application/json; deleted = "True"', 'all'],
    ['application/json;deleted=only', 'deleted'],
    ['application/json;deleted=false', 'live'],
    ['application/json;DELETED=only', 'deleted'],
    ['*/*;deleted=only', 'deleted'],
    // The first of the best.
    ['application/json;deleted=only, application/json;deleted=true', 'deleted'],
    ['application/json;deleted=only;q=0.5, application/json;deleted=true;q=0.9', 'all'],
    ['application/json;deleted=only;q=0.9, */*;q=0.5', 'deleted'],
    // What nobody knows is passed over.
    ['application/json;deleted=maybe, application/json;q=0.1', 'live'],
    ['text/html;deleted=only, application/json', 'live'],
    ['application/json;q=x, application/json;deleted=only;q=0.1', 'deleted'],
    ['application/json;=only', 'live'],
    ['application/json;deleted', 'live'],
  ])('%j shows %s', (header, visibility) => expect(parseAccept(header)).toBe(visibility))

  it.each(['text/html', 'application/jsonx', 'application/json;q=0', 'application/json;deleted=maybe', 'application/json;q=x', ',', '*'])(
    '%j is not served',
    (header) => expect(() => parseAccept(header)).toThrow(/only application\/json is served here/),
  )
})
