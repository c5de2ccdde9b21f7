import { stringify } from 'yaml'

/** A kubeconfig with one cluster and one user, who has a client certificate or a token. */
export function kubeconfig(options: {
  url: string
  /** PEM */
  ca: string | undefined
  cert?: string
  key?: string
  token?: string
  namespace?: string
}): string {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64')
  const user = {
    ...(options.cert !== undefined && { 'client-certificate-data': base64(options.cert) }),
    ...(options.key !== undefined && { 'client-key-data': base64(options.key) }),
    ...(options.token !== undefined && { token: options.token }),
  }
  const context = { cluster: 'seca', user: 'seca', ...(options.namespace !== undefined && { namespace: options.namespace }) }
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'seca',
        cluster: { server: options.url, ...(options.ca !== undefined && { 'certificate-authority-data': base64(options.ca) }) },
      },
    ],
    users: [{ name: 'seca', user }],
    contexts: [{ name: 'seca', context }],
    'current-context': 'seca',
  })
}
