/** Names that the control plane of the e2e tests and the stacks on it share. */
export const OPERATOR_NAMESPACE = 'seca-system'
export const REGION = 'eu-1'
