import { describe, expect, it } from 'vitest'
import { brief, ward } from '../testing.ts'
import { installation } from './installation.ts'

function patient({ id = 'abc', holder = 'seca-system' }: { id?: string; holder?: string | undefined } = {}) {
  const one = ward()
  const annotations = holder === '' ? {} : { 'secapi.cloud/served-by': holder }
  one.server.add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', annotations } })
  if (id !== '')
    one.server.add({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'seca-installation', namespace: 'seca-system' },
      data: { id },
    } as never)
  return one
}

describe('an installation', () => {
  it('has an id, and serves the cluster', async () => {
    expect(brief(await patient().run(installation))).toEqual([
      'ok: installation abc',
      'ok: the operator in seca-system serves this cluster',
    ])
  })

  it('without an id, or with one that can be none', async () => {
    expect(brief(await patient({ id: '' }).run(installation))[0]).toBe('fail: ConfigMap seca-system/seca-installation has no id')
    expect(brief(await patient({ id: 'a/b' }).run(installation))[0]).toMatch(/^fail: the id in ConfigMap .* can be no part of a tag/)
  })

  it('beside another one', async () => {
    expect(brief(await patient({ holder: '' }).run(installation))[1]).toBe('warn: no operator serves this cluster yet')
    const [, claim] = await patient({ holder: 'elsewhere' }).run(installation)
    expect(claim).toMatchObject({
      verdict: 'fail',
      seen: expect.stringContaining('namespace elsewhere serves'),
      todo: expect.stringContaining('kubectl annotate'),
    })
    const one = patient()
    one.server.add({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'seca-controllers:older' } })
    one.server.add({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'seca-controllers-0', namespace: 'newer' } })
    expect(brief(await one.run(installation))[2]).toBe('warn: there are traces of operators in older, newer, too')
  })

  it('that may not be read is told as such', async () => {
    const one = patient()
    one.state.may = (what) => !/configmaps|namespaces|leases|bindings/.test(what)
    expect((await one.run(installation)).map(({ verdict }) => verdict)).toEqual(['unchecked', 'unchecked'])
  })
})
