import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { withToken } from './account.ts'

const file = (context: string) => `
current-context: ${context}
contexts:
- {name: a, context: {cluster: one, user: u}}
- {name: b, context: {cluster: two, user: u}}
clusters:
- {name: one, cluster: {server: https://one}}
- {name: two, cluster: {server: https://two, certificate-authority: ca.pem, tls-server-name: two.local}}
users:
- {name: u, user: {client-key-data: secret}}
`

it('a kubeconfig with a token keeps the cluster and nothing of the user', () => {
  const text = withToken(file('b'), '/home/ann/.kube/config', 'tok')
  expect(text).not.toContain('secret')
  expect(parse(text)).toMatchObject({
    clusters: [{ cluster: { server: 'https://two', 'certificate-authority': '/home/ann/.kube/ca.pem', 'tls-server-name': 'two.local' } }],
    users: [{ user: { token: 'tok' } }],
  })
})

it('a kubeconfig without a usable context is refused with advice', () => {
  expect(() => withToken(file('c'), 'x', 't')).toThrow('kubectl config use-context')
})
