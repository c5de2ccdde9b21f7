import { expect, it } from 'vitest'
import { readPlain } from '../../kube/plain.ts'
import { kubeconfig } from './kubeconfig.ts'

it('says what it is given, and nothing else', async () => {
  const read = async (more: object = {}) =>
    (await readPlain(kubeconfig({ url: 'https://a:1', ca: undefined, ...more }), '/x', undefined))?.session
  expect(await read()).toEqual({ server: 'https://a:1', tls: {}, headers: {} })
  expect(await read({ ca: 'ca', cert: 'cert', key: 'key', token: 't' })).toEqual({
    server: 'https://a:1',
    tls: { ca: Buffer.from('ca'), cert: Buffer.from('cert'), key: Buffer.from('key') },
    headers: { authorization: 'Bearer t' },
  })
  expect(kubeconfig({ url: 'u', ca: undefined, namespace: 'ns' })).toContain('namespace: ns')
  expect(kubeconfig({ url: 'u', ca: undefined })).not.toContain('namespace')
})
