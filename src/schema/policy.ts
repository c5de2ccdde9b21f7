/** The resource that nobody can create: who may `bind` it may say which namespace belongs to which tenant (architecture §2). */
export const TENANTS_RESOURCE = { group: 'operator.secapi.cloud', resource: 'tenants' } as const

const NAME = 'seca-tenant-labels'
const PREFIX = 'secapi.cloud/'

const labelsOf = (object: string) => `${object} != null && has(${object}.metadata.labels) ? ${object}.metadata.labels : {}`

/**
 * ValidatingAdmissionPolicy and its binding: labels of ours on a namespace decide whose it is, so only those may
 * change them who may `bind` {@link TENANTS_RESOURCE}. The subresources are named because a write of
 * `namespaces/status` or `namespaces/finalize` may change labels too.
 */
export function tenantPolicy(): Readonly<Record<string, unknown>>[] {
  const labels = { 'app.kubernetes.io/part-of': 'seca-operator' }
  return [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: NAME, labels },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['CREATE', 'UPDATE'],
              resources: ['namespaces', 'namespaces/status', 'namespaces/finalize'],
            },
          ],
        },
        variables: [
          { name: 'before', expression: labelsOf('oldObject') },
          { name: 'after', expression: labelsOf('object') },
          {
            name: 'unchanged',
            expression:
              `variables.after.all(k, !k.startsWith('${PREFIX}') || (k in variables.before && variables.before[k] == variables.after[k]))` +
              ` && variables.before.all(k, !k.startsWith('${PREFIX}') || k in variables.after)`,
          },
        ],
        validations: [
          {
            expression:
              `variables.unchanged || authorizer.group('${TENANTS_RESOURCE.group}')` +
              `.resource('${TENANTS_RESOURCE.resource}').check('bind').allowed()`,
            message:
              `${PREFIX} labels say which tenant a namespace belongs to: only those may change them who may bind ` +
              `${TENANTS_RESOURCE.resource}.${TENANTS_RESOURCE.group}; ask an administrator of the cluster`,
            reason: 'Forbidden',
          },
        ],
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: NAME, labels },
      spec: { policyName: NAME, validationActions: ['Deny'] },
    },
  ]
}

const API_SERVICES = 'seca-api-services'

/**
 * ValidatingAdmissionPolicy and its binding: the controllers may write APIServices, and of those only the ones of SECA's APIs. Rights cannot
 * say that: the names follow the regions.
 */
export function apiServicePolicy(serviceAccount: string, namespace: string): Readonly<Record<string, unknown>>[] {
  const metadata = { name: API_SERVICES, labels: { 'app.kubernetes.io/part-of': 'seca-operator' } }
  return [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: ['apiregistration.k8s.io'],
              apiVersions: ['v1'],
              operations: ['CREATE', 'UPDATE', 'DELETE'],
              resources: ['apiservices'],
            },
          ],
        },
        matchConditions: [
          { name: 'ours', expression: `request.userInfo.username == 'system:serviceaccount:${namespace}:${serviceAccount}'` },
        ],
        validations: [
          {
            expression: `request.name.matches('^v[0-9a-z]+[.]([-a-z0-9]+[.])?seca[.][a-z]+$')`,
            message: "the controllers of SECA write APIServices of SECA's APIs alone",
            reason: 'Forbidden',
          },
        ],
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: API_SERVICES, validationActions: ['Deny'] },
    },
  ]
}
