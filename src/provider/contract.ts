import type { Dispatcher } from 'undici'
import type * as z from 'zod'
import type { State } from '../kinds/common.ts'
import type { KindDefinition, OwnStatus, Spec } from '../kinds/kind.ts'
import type { Capability } from './capability.ts'
import type { Fence } from './fence.ts'

export type { Capability } from './capability.ts'

/**
 * The contract between the engine and a cloud, second form (architecture §5). An adapter translates, nothing more: it never sleeps, polls,
 * retries or caches desired state; the engine calls again. What goes in and out is plain JSON, so that an adapter can be another process and
 * calls can be recorded. All failures are `ProviderError`s.
 */

/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }

/** Where an object is in SECA terms; its text form is the SECA path in the ownership tag. */
export interface ResourcePath {
  /** API id, `seca.storage/v1`. */
  readonly api: string
  readonly tenant: string
  readonly workspace?: string
  /** Name of the object this one is nested in (network of a subnet). */
  readonly parent?: string
  readonly region: string
  readonly kind: string
  /** SECA name (without the parent's). */
  readonly name: string
}

/** Another object, as it is now. */
export interface Other {
  readonly path: ResourcePath
  /** The cloud's id; absent for catalogue kinds, for parts, and while the cloud object is not there. */
  readonly externalId: string | undefined
  /** What its adapter keeps of it ({@link Observed.handle}). */
  readonly handle?: Json
  /** Its short ownership key: an adapter may make another object's native part in its own call, under this key. */
  readonly tagKey: string
  readonly incarnation?: string
  /** Zone in the cloud's words, of kinds that are in one. */
  readonly zone?: string
  readonly spec: Readonly<Record<string, unknown>>
  readonly status: Readonly<Record<string, unknown>>
  /** SECA state; absent for kinds without one and before the first. */
  readonly state: State | undefined
  /** Others may use it: it is there, although it may be changing. */
  readonly isReady: boolean
  readonly parent?: Other
  readonly workspace?: Other
  /** What it refers to, as deep as `capabilities.reads` of the asking kind says. */
  readonly targets: Targets
}

/** Objects by the spec path of the reference that names them, `dataVolumes[2].deviceRef`. Those that are not there, or are going, are not in it. */
export type Targets = Readonly<Record<string, Other>>

/** An object that refers to this one. */
export interface Holder extends Other {
  /** Its field that names this object, `primaryNicRef`. */
  readonly field: string
}

/** What the user wants of one object. */
export interface Desired<D extends KindDefinition = KindDefinition> {
  readonly path: ResourcePath
  readonly spec: Spec<D>
  /** As the SECA side shows them. */
  readonly labels: Readonly<Record<string, string>>
  /** The cloud's id as last recorded, or the one to adopt. Only a hint where a tag can be looked up. */
  readonly externalId: string | undefined
  /** What the last answer asked to keep. */
  readonly handle: Json | undefined
  /** Ownership tag `<installation>/<region>/<SECA path>`, at most 255 characters (tags.ts): what lookup goes by. */
  readonly tag: string
  /** 30 characters of `[a-z0-9-]` made of the tag, for clouds whose tags or names are short. */
  readonly tagKey: string
  /** The same for the installation, so that an inventory can tell whose a key is. */
  readonly installationKey: string
  /** Nonce of this incarnation: same nonce, same cloud object. Give it as client token where the cloud takes one; keep it with the object where it cannot. */
  readonly incarnation: string
  /** An untagged cloud object named by `externalId` may be tagged and taken over. */
  readonly mayAdopt: boolean
  /** Changes when a restart is asked for (instances); absent = never asked. */
  readonly restartRequest: string | undefined
  /** Zone in the cloud's words, with the default filled in (first zone of the region when the spec's is empty). */
  readonly zone: string | undefined
  /** Region in the cloud's words. */
  readonly region: string
  readonly targets: Targets
  /** What refers to this object, where `capabilities.reads` names `holders`. */
  readonly holders: readonly Holder[]
  /** The object in whose path this one is nested (network of a subnet). */
  readonly parent: Other | undefined
  readonly workspace: Other | undefined
  /** The object is being deleted. */
  readonly isLeaving: boolean
  /** The object as a sweep found it: `observe` goes by this instead of asking the cloud. */
  readonly swept?: Json
}

/** What an adapter saw in the cloud. */
export interface Observed<D extends KindDefinition = KindDefinition> {
  /** Absent for a part that has no id of its own at the moment. */
  readonly externalId?: string | undefined
  /** The kind's status fields as the cloud has them (assigned addresses, sizes, power). */
  readonly status: Partial<OwnStatus<D>>
  /** Spec paths that differ from the cloud and matter (`sizeGB`, `addresses[0]`, `powerState`): what `update` will put right. */
  readonly drift: readonly string[]
  /** An operation is under way in the cloud, in a person's words (`resizing`); the engine asks again later. */
  readonly busy?: string | undefined
  /** The cloud gave up on the object or on its last change, in its own words. */
  readonly failed?: string | undefined
  /** Items of the spec that the cloud refused or has not applied yet, by path (`routes[3]`). */
  readonly items?: Readonly<Record<string, { readonly state: 'pending' | 'error'; readonly message: string }>>
  /** Nothing of its own is here at the moment, in a person's words ("made with its instance"). Usable by others; ends a deletion at once. */
  readonly part?: string | undefined
  /** Its deletion was accepted: no second one is needed. */
  readonly going?: boolean | undefined
  /** What in the cloud keeps it from going, in a person's words. */
  readonly heldBy?: string | undefined
  /** At most 2 KiB of the adapter's own, kept in status and given back. Absent keeps what is kept; null forgets it. */
  readonly handle?: Json | undefined
  /** Ask again after this long instead of the engine's own choice, in milliseconds. */
  readonly againMs?: number | undefined
  /** Further objects that carry the tag and the incarnation of this one, and that nothing uses: the engine has them deleted. */
  readonly twins?: readonly string[] | undefined
}

/** What a call that changes something answers. */
export interface Accepted {
  readonly externalId?: string | undefined
  readonly handle?: Json | undefined
}

/** One call's surroundings. */
export interface CallContext {
  /** Aborted on shutdown, lost leadership or time-out. Every request must carry it. */
  readonly signal: AbortSignal
  /** Whose turn it is in the account's budget: a user's change before a look at what was in order. */
  readonly priority?: 'high' | 'normal' | 'low'
  /** Callers of an account that share its budget fairly: the tenant. */
  readonly share?: string
}

/** One kind in one cloud. */
export interface ResourceAdapter<D extends KindDefinition = KindDefinition> {
  /** Looks the object up, as `capabilities.lookup` says (or by id for adoption). Never mutates. `undefined` = not found. */
  observe(desired: Desired<D>, context: CallContext): Promise<Observed<D> | undefined>
  /** Starts creation, with tag and incarnation in the same call; may return before the object is ready. */
  create(desired: Desired<D>, context: CallContext): Promise<Accepted>
  /** Starts to put right what `seen.drift` lists, or the first step of it: the engine looks again and calls again. Absent: nothing can be changed. */
  update?(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void>
  /** Starts deletion of what `observe` saw. Deleting what is gone or going is fine. */
  delete(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void>
}

/**
 * An object in the cloud that is an installation's, for audits. An audit may have it deleted when no resource stands for it any more: `delete`
 * gets a desired state with id, tag, key, incarnation and handle of this entry, and of all else (spec, targets, parent) nothing.
 */
export interface InventoryItem {
  readonly kind: string
  readonly externalId: string
  /** Its ownership tag, or its key where the cloud holds no more. */
  readonly tag?: string
  readonly tagKey?: string
  /** Where the cloud keeps it beside a key: tells whose the key is. */
  readonly installationKey?: string
  readonly incarnation?: string
  /** What `delete` needs to reach it besides the id. */
  readonly handle?: Json
  /** What is under way, in a person's words: nothing is concluded from what such an object is now. */
  readonly busy?: string
  /** Something else in the cloud uses it, in a person's words. */
  readonly usedBy?: string
}

/** An object that a sweep found. */
export interface Swept {
  readonly tag?: string
  readonly tagKey?: string
  readonly externalId: string
  /** Given back as {@link Desired.swept}. */
  readonly found: Json
}

/** Something that the cloud offers, as it could stand in the cluster's catalogue. */
export interface Offer {
  readonly kind: 'InstanceSku' | 'StorageSku' | 'NetworkSku' | 'Image'
  /** SECA name. */
  readonly name: string
  readonly spec: Readonly<Record<string, Json>>
  readonly labels?: Readonly<Record<string, string>>
  /** The cloud's id of an image. */
  readonly externalId?: string
}

/** Something in the account that carries no tag, in SECA's words: for who moves in. Tools in `unmanaged.ts`. */
export interface Unmanaged {
  readonly kind: string
  /** Absent for what has nothing of its own in this cloud (a gateway that routers have): it goes by its name then, and that of a nested one by `<parentId>/<name>`. */
  readonly externalId?: string
  /** What it is called in the cloud. */
  readonly name: string
  /** Of the object that it is nested in. */
  readonly parentId?: string
  /** Of the Workspace that it is in, where those are objects of the cloud; absent: any. */
  readonly workspaceId?: string
  /**
   * References stand as `{resource: '@Subnet/<external id>'}`, whether what they name carries a tag or not; SKUs by what they have to have,
   * `@InstanceSku/vCPU=2&ram=4`, `@InstanceSku/name=m1.small`, or `any`; a zone in the cloud's words. An image whose volume nobody knows names none.
   */
  readonly spec: Readonly<Record<string, Json>>
  /** What it is or has, and SECA cannot say; with `isLeftOut`, why it cannot be taken over as it is. */
  readonly remarks?: readonly string[]
  readonly isLeftOut?: true
}

/** A cloud account, connected. */
export interface Connection {
  /** What this account's cloud can do, where its settings make that differ from what the provider says of all. */
  readonly capabilities?: Readonly<Record<string, Capability>>
  /** Adapter by kind name; a kind that is missing is unsupported (or needs nothing here, for kinds with `cloud: 'optional'`). */
  readonly adapters: Readonly<Record<string, ResourceAdapter>>
  /** Answers the account's own id when the credentials work; throws `credentials`, `transient`… otherwise. */
  check(context: CallContext): Promise<{ readonly account: string }>
  /** All objects of an installation in the account: those tagged `<installation>/…`, or with its key; `undefined`: of all installations. */
  inventory(installation: string | undefined, context: CallContext): AsyncIterable<InventoryItem>
  /** All objects of a kind that are an installation's, page by page; absent: objects are looked at one by one. */
  sweep?(kind: string, installation: string, context: CallContext): AsyncIterable<Swept>
  /** All that carries no tag, in order of dependency; absent: cannot be told. */
  unmanaged?(context: CallContext): AsyncIterable<Unmanaged>
  /** What the cloud offers; absent: nothing can be read. */
  catalogue?(context: CallContext): AsyncIterable<Offer>
  close(): Promise<void>
}

/** A cloud provider: `providers/<name>/index.ts` exports one. */
export interface Provider<S extends z.ZodObject = z.ZodObject, C extends z.ZodObject = z.ZodObject> {
  /** `CloudProvider.spec.type` */
  readonly type: string
  readonly capabilities: Readonly<Record<string, Capability>>
  /** Schema of `CloudProvider.spec.settings`. */
  readonly settings: S
  /** Schema of the Secret's keys (all strings). */
  readonly credentials: C
  /** Makes a connection; must not call the cloud yet. */
  connect(account: Account<z.output<S>, z.output<C>>): Connection
}

export interface Account<S, C> {
  /** SECA region that the connection serves. */
  readonly region: string
  /** Its name in the cloud's words (`Region.spec.cloud.region`); the SECA name where none is given. */
  readonly cloudRegion: string
  readonly settings: S
  readonly credentials: C
  /** Waits for the account's budget (token bucket); call it before every request to the cloud. */
  readonly acquire: (context: CallContext) => Promise<void>
  /** Tells the budget that the cloud throttled: no call of the account leaves for this many milliseconds. */
  readonly pause?: (forMs?: number) => void
  /** Tells the budget of an answer that was no refusal for frequency: its headers may say how much of the cloud's own budget is left. */
  readonly observe?: (headers: Readonly<Record<string, string | string[] | undefined>>) => void
  /** To be asked last before anything is changed in the cloud; `HttpClient` does. Absent: always. */
  readonly fence?: Fence
  /** What this process calls itself in requests: a cloud's own log then says which replica made one. */
  readonly userAgent?: string
  /** The way to the cloud where it is not the network: a cloud in this process. Absent: a pool of connections. */
  readonly dispatcher?: Dispatcher
}
