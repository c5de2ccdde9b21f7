import { describe, expect, it } from 'vitest'
import type { Finding, Found } from '../reconcile/audit.ts'
import { exitCode } from './audit.ts'
import { asJson, asTable } from './audit-report.ts'

const found = {
  kind: 'BlockStorage',
  externalId: 'vol-1',
  account: 'a',
  cloudProvider: 'sim',
  secret: 'main',
  handle: { key: 'h4ndle' },
} as never as Found
const leak: Finding = {
  finding: 'leaked',
  kind: 'BlockStorage',
  tag: 'i/eu-1/x',
  account: 'a',
  message: 'no resource',
  found,
  isQuiet: true,
}
const report = { proven: [leak], inFlux: [], unread: [] }
const unread = [{ cloudProvider: 'sim', secret: 'main', message: 'ops/main does not exist' }]

describe('report of an audit', () => {
  it('is a table for people', () => {
    expect(asTable(report, []).split('\n')).toEqual([
      'FINDING  KIND          ID     ACCOUNT  TAG       WHAT',
      'leaked   BlockStorage  vol-1  a        i/eu-1/x  no resource',
      '',
    ])
    const most = asTable({ proven: [], inFlux: [leak], unread }, [])
    expect(most).toContain('nothing is leaked')
    expect(most).toContain('1 in flux')
    expect(most).toContain('not looked at: CloudProvider "sim", Secret main: ops/main does not exist')
  })

  it('is a document for programs, with what was done', () => {
    const text = asJson(report, [{ finding: leak, action: 'left', message: 'it is used' }])
    expect(JSON.parse(text)).toMatchObject({ counts: { leaked: 1 }, findings: [{ externalId: 'vol-1', action: 'left: it is used' }] })
    expect(text).not.toContain('h4ndle')
  })

  it('has an exit code: 0 all is well, 1 something is not, 2 not everything is known or done', () => {
    expect(exitCode({ proven: [], inFlux: [leak], unread: [] }, [])).toBe(0)
    expect(exitCode(report, [])).toBe(1)
    expect(exitCode(report, [{ finding: leak, action: 'deleted' }])).toBe(0)
    expect(exitCode(report, [{ finding: leak, action: 'left', message: 'it is used' }])).toBe(2)
    expect(exitCode({ ...report, unread }, [])).toBe(2)
  })
})
