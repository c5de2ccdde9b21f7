import type { Dispatcher } from 'undici'

/** Whether this process may still change anything in a cloud (architecture §4 "Fence"). */
export interface Fence {
  /** Throws when nothing may be changed any more, a {@link ProviderError}. Cheap: called before every request that changes something. */
  check(): void
}

/**
 * Lets requests out only while the fence holds. Asked when a connection is there and the request is about to be written: neither a
 * wait for a budget, a token or a free connection nor a stop of the process in one of them lies between the question and the first byte.
 */
export function fenced(fence: Fence): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      // What is thrown here ends the request before a byte of it is written, and leaves the connection to others.
      onRequestStart(controller, context) {
        fence.check()
        handler.onRequestStart?.(controller, context)
      },
      onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
      onResponseError: (...args) => handler.onResponseError?.(...args),
    })
}
