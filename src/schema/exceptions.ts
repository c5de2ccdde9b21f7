/**
 * Where our schemas differ from the SECA contract on purpose (architecture §8). The drift test fails on a difference that is
 * not listed here, and on a row that no difference needs.
 */
interface Exception {
  /** `<Kind>.spec.<field>`, `[]` for items; `*` stands for any run of characters. */
  readonly path: string
  /** What differs: a keyword of the schema, or `field` for a field that only one side has. */
  readonly constraint: string
  readonly why: string
}

const OWN_STATUS = 'status is written by the operator alone: a value that the contract would refuse is better shown than lost'

export const EXCEPTIONS: readonly Exception[] = [
  { path: 'Nic.spec.addresses', constraint: 'required', why: 'absent = assigned automatically (contract §11.15)' },
  {
    path: 'Instance.spec.zone',
    constraint: 'minLength',
    why: '"" = the first zone of the region in a manifest, and may be sent again once it is stored (contract §11.20)',
  },
  { path: 'Subnet.spec.zone', constraint: 'minLength', why: '"" = the first zone of the region (contract §11.20)' },
  { path: 'RoleAssignment.spec.roles', constraint: 'minItems', why: 'deleting a role takes its name out (contract §11.22)' },
  { path: 'Region.spec.providers', constraint: 'required', why: 'rendered from the configuration, not stored (architecture §2)' },
  {
    path: 'Region.status',
    constraint: 'field',
    why: 'tells Kubernetes users whether the cloud behind it answers; hidden from SECA clients',
  },
  { path: '*.extensions', constraint: 'maxProperties', why: 'the contract has no limit, etcd has' },
  { path: '*.extensions{}', constraint: 'maxLength', why: 'the contract has no limit, etcd has' },
  {
    path: '*.status.*',
    constraint: 'required',
    why: 'nothing in status is required (architecture §3); the API fills in what the contract wants',
  },
  { path: '*.status.*', constraint: 'default', why: 'a default would claim what nobody saw; the API fills in what the contract wants' },
  { path: '*.status.*', constraint: 'minLength', why: OWN_STATUS },
  { path: '*.status.*', constraint: 'rules', why: OWN_STATUS },
  { path: 'Instance.status.powerStateSince', constraint: 'nullable', why: 'absent where the contract says null' },
  { path: '*.conditions[].type', constraint: 'maxLength', why: 'bounds what one status can weigh in etcd' },
  {
    path: 'RouteTable.status.routes[].conditions',
    constraint: 'maxItems',
    why: 'one each: 1000 × 32 would not fit in etcd (architecture §3)',
  },
  {
    path: 'SecurityGroup.status.rules[].conditions',
    constraint: 'maxItems',
    why: 'one each: 500 × 32 would not fit in etcd (architecture §3)',
  },
  { path: 'RouteTable.status.routes[]', constraint: 'maxProperties', why: 'the object has two properties' },
]
