import type { KubeObject } from './gvr.ts'

/** A line of a watch. */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: T
}

/** What ended a watch, as counted in the metric. */
export class Interrupted extends Error {
  readonly event: 'silent' | 'unparsable' | 'short' | 'restored'
  constructor(event: Interrupted['event'], message: string) {
    super(message)
    this.event = event
  }
}

/** Reads a line. Throws {@link Interrupted}. */
export function decode<T>(line: string): WatchEvent<T> {
  let event: Partial<WatchEvent<T>> | null
  try {
    event = JSON.parse(line) as Partial<WatchEvent<T>> | null
  } catch {
    throw new Interrupted('unparsable', 'a line of the watch is no JSON')
  }
  const known = event?.type === 'ERROR' || typeof (event?.object as Partial<KubeObject> | undefined)?.metadata === 'object'
  if (event?.type === undefined || !known) throw new Interrupted('unparsable', 'a line of the watch is no watch event')
  return event as WatchEvent<T>
}
