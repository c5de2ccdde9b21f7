/**
 * A rule of contract §9 on one field of the spec, which needs more than the field; `src/resolve/guards.ts` evaluates it. The SECA API refuses a write that breaks it; the controllers wait for what is
 * missing, and for what stays wrong do what the guard says.
 */
export interface Guard {
  /**
   * `zone`: a zone of the object's region; `insideParent`: blocks within those of the parent; `scopes`: where a role holds;
   * `names`: what objects of kind `of` can be called; `permissions`: APIs, verbs and patterns that can match something.
   */
  readonly rule: 'zone' | 'insideParent' | 'scopes' | 'names' | 'permissions'
  /** Field of the spec, `zone`. */
  readonly field: string
  /** Kind that `names` are of. */
  readonly of?: string
  /** An empty `zone` is not taken in a new object, where it means the first zone otherwise (contract §11.20). */
  readonly needsValue?: true
  /** Manifests are accepted whatever this says. */
  readonly apiOnly?: true
  /** Reason of the `Stalled` condition of a manifest that can never be right as it stands; absent: it is accepted. */
  readonly stalls?: string
}
