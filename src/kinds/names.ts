/** Labels, annotations and field-manager names of this operator: the only `secapi.cloud/` strings in the code. */

/** Namespace label: the tenant that the namespace (and everything in it) belongs to. */
export const TENANT_LABEL = 'secapi.cloud/tenant'
/** Namespace label: the workspace, beside {@link TENANT_LABEL}. */
export const WORKSPACE_LABEL = 'secapi.cloud/workspace'
/** Namespace label on workspace namespaces that the Workspace controller made itself, and so deletes itself. */
export const MANAGED_LABEL = 'secapi.cloud/managed'

/** Label `"true"` on a tenant's namespace: its images may be named by every tenant (architecture §2). */
export const SHARED_LABEL = 'secapi.cloud/shared'

/** Label on what the controllers keep up from a region's cloud's own catalogue: the region. */
export const CATALOGUE_LABEL = 'secapi.cloud/catalogue'

/** Label on the namespaces that `compare` makes, and so deletes: the region that is tried in them. */
export const COMPARED_LABEL = 'secapi.cloud/compared'

/** Finalizer that every object with something behind it in a cloud carries. */
export const FINALIZER = 'secapi.cloud/teardown'

/** `Orphan`: deleting the object leaves the cloud object in place. */
export const DELETION_POLICY = 'secapi.cloud/deletion-policy'
/** `"true"`: nothing is read from or written to the cloud for this object. */
export const PAUSED = 'secapi.cloud/paused'
/** The cloud's id of an object to take over instead of creating one. */
export const EXTERNAL_ID = 'secapi.cloud/external-id'
/** On a CloudProvider: id of the account that its objects may move to although some live in another one (they are made anew there). */
export const ACCOUNT = 'secapi.cloud/account'
/** On a CloudProvider: ids of other installations that work in the same account, with commas between them. */
export const BESIDE = 'secapi.cloud/beside'
/** `Observe`: drift is reported, not corrected. */
export const DRIFT_POLICY = 'secapi.cloud/drift'
/** Any new value asks for a reconcile; `status.lastHandledRequest` answers it. */
export const REQUESTED = 'secapi.cloud/requested'
/** Any new value asks for a restart of an instance (POST …/restart). */
export const RESTART_REQUESTED = 'secapi.cloud/restart-requested'
/** SECA labels and annotations that Kubernetes cannot hold as such, or whose keys are reserved, as JSON (architecture §2). */
export const KEPT = 'secapi.cloud/kept'

/** On an object whose creator is still to get a role on it: the creator's subject. The SECA API writes it, and takes it away when the role is given. */
export const CREATOR = 'secapi.cloud/creator'
/** On the role assignment that the SECA API wrote for the creator of a workspace: the workspace's uid. */
export const CREATOR_OF = 'secapi.cloud/creator-of'

/** Field manager of what the SECA API writes. */
export const API_FIELD_MANAGER = 'seca-api'
/** Field manager of everything that the controllers write. */
export const FIELD_MANAGER = 'seca-operator'

/** The Lease under which the controllers of an installation work, in the operator's namespace: its holder leads. */
export const CONTROLLERS_LEASE = 'seca-controllers-0'
/** The Lease whose annotation {@link SHARDS} says which replica works for which cloud account, where they share the work. */
export const SHARDS_LEASE = 'seca-controllers-shards'
/** Names of the replicas' own Leases, where they share the work: numbered, so that rights can name them. So many share at most, others stand by. */
export const MEMBER_LEASES: readonly string[] = Array.from({ length: 16 }, (_, number) => `seca-controllers-member-${number}`)
/** Annotation of {@link SHARDS_LEASE}: the table of `src/reconcile/shards/table.ts`. */
export const SHARDS = 'secapi.cloud/shards'
/** Annotation of the namespace `default`: namespace of the operator that serves this cluster. */
export const CLAIM = 'secapi.cloud/served-by'
