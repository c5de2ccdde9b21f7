/** Names that the control plane of the e2e tests and the stacks on it share. */
export const OPERATOR_NAMESPACE = 'seca-system'
export const REGION = 'eu-1'

/** Which provider the stacks of this run drive: `simulator`, or `openstack`, for tests that do without what only the simulated cloud can be told. */
const PROVIDER = process.env['SECA_E2E_PROVIDER'] ?? 'simulator'
export const isSimulated = PROVIDER === 'simulator'
/** How much longer than for a simulated cloud tests wait: a request costs a real one 10 to 100 ms of processor time. */
const PATIENCE = isSimulated ? 1 : 5
export const patiently = (ms: number): number => ms * PATIENCE

/** What kind of cloud the stacks of this run simulate, unless a test says otherwise: providers/simulator/README.md, "Characters". */
export const CHARACTERS: readonly string[] = (process.env['SECA_E2E_CLOUD'] ?? 'neat').split(',')
/** Whether every kind is an object of its own there (of those that OpenStack has), and tells whose it is: what tests need that look at the cloud itself. */
export const isLegible = !CHARACTERS.some((character) => ['parts', 'short-tags'].includes(character))
