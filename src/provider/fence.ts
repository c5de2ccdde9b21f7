/** Keeps a process that does not lead any more from changing a cloud (architecture §4 "Fence"). */
export interface Fence {
  /** Throws when nothing may be changed any more. Asked as the last thing before a request is written. */
  check(): void
}
