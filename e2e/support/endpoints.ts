import { OPERATOR_NAMESPACE } from './names.ts'

/** Somebody who is ready to answer for a Service, as its endpoints tell; nobody is at that address. */
export const endpointSliceOf = (service: string, port: number) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${service}-1`, namespace: OPERATOR_NAMESPACE, labels: { 'kubernetes.io/service-name': service } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: true } }],
  ports: [{ name: 'https', port }],
})
