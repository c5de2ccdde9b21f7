import { describe, expect, it } from 'vitest'
import { brief, NOW, ward } from '../testing.ts'
import { clocks, cluster } from './cluster.ts'

describe('the cluster', () => {
  it.each([
    ['v1.36.3', 'ok: Kubernetes v1.36.3'],
    ['v1.31.0-eks-123', 'ok: Kubernetes v1.31.0-eks-123'],
    ['v1.30.9', 'fail: Kubernetes v1.30.9 is older than 1.31'],
    ['weird', 'fail: Kubernetes weird is older than 1.31'],
  ])('%s', async (version, line) => {
    const one = ward()
    one.state.version = version
    expect(brief(await one.run(cluster))[0]).toBe(line)
  })

  it('tells as whom it is looked at, or that it is not known', async () => {
    const one = ward()
    expect(brief(await one.run(cluster))[1]).toBe('ok: looked at as admin')
    one.state.may = (what) => what !== 'create selfsubjectreviews'
    expect(brief(await one.run(cluster))[1]).toContain('unchecked: who doctor is here could not be read')
  })
})

describe('clocks', () => {
  it.each([
    [0, 'ok: the clocks of this machine and kube-apiserver agree'],
    [-2_000, 'ok: the clocks of this machine and kube-apiserver agree'],
    [10_000, "warn: kube-apiserver is 11 s ahead of this machine's clock"],
    [-60_000, "fail: kube-apiserver is 59 s behind this machine's clock"],
    [Number.NaN, 'unchecked: kube-apiserver does not say what time it is'],
  ])('that differ by %s ms', async (by, line) => {
    const one = ward()
    one.state.clock = () => NOW + by
    expect(brief(await one.run(clocks))).toEqual([line])
  })
})
