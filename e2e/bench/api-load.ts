import { fork } from 'node:child_process'
import { join } from 'node:path'

/** A server as the client sees it. */
export interface Server {
  readonly origin: string
  /** PEM of the CA of its certificate. */
  readonly ca: string
  /** Headers of every request: the identity among them. */
  readonly headers: Readonly<Record<string, string>>
  readonly http2: boolean
}

/** One request, to be sent many times. */
export interface Shot {
  readonly method: 'GET' | 'PUT' | 'PATCH'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** `@count@` stands for a number that grows, `@version@` for the Kubernetes resourceVersion of the last answer for this path. */
  readonly body?: string
}

export interface Job {
  readonly server: Server
  readonly shots: readonly Shot[]
  readonly concurrency: number
  readonly ms: number
  /** Requests per second at fixed times; absent: as many as `concurrency` callers get through. */
  readonly rate?: number
  /** Time before the clock starts in which connections open and code gets warm. */
  readonly warmUpMs?: number
  /** Where `@count@` begins. */
  readonly counter: number
  /** Processes whose CPU time is measured. */
  readonly pids: Readonly<Record<string, number>>
}

export interface JobResult {
  readonly seconds: number
  /** Milliseconds, sorted. */
  readonly latencies: Float64Array
  readonly bytes: number
  readonly counter: number
  /** CPU seconds by process. */
  readonly cpu: Readonly<Record<string, number>>
  /** Seconds that their main threads waited for a CPU. */
  readonly waited: Readonly<Record<string, number>>
  readonly clientCpu: number
}

/** Several runs of the same job as one. */
export function merged(results: readonly JobResult[]): JobResult {
  const sum = (value: (result: JobResult) => number) => results.reduce((all, result) => all + value(result), 0)
  const byProcess = (value: (result: JobResult) => Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.keys(value(results[0] as JobResult)).map((name) => [name, sum((result) => value(result)[name] ?? 0)]))
  return {
    seconds: sum(({ seconds }) => seconds),
    latencies: Float64Array.from(results.flatMap(({ latencies }) => [...latencies])).toSorted(),
    bytes: sum(({ bytes }) => bytes),
    counter: Math.max(...results.map(({ counter }) => counter)),
    cpu: byProcess(({ cpu }) => cpu),
    waited: byProcess(({ waited }) => waited),
    clientCpu: sum(({ clientCpu }) => clientCpu),
  }
}

export interface Client {
  /** Throws when any request is not answered with success. */
  run(job: Job): Promise<JobResult>
  stop(): void
}

/** Starts the client's process. One job at a time. */
export function startClient(): Client {
  const child = fork(join(import.meta.dirname, 'api-client.ts'), { serialization: 'advanced' })
  return {
    run(job) {
      const { promise, resolve, reject } = Promise.withResolvers<JobResult>()
      const onExit = () => reject(new Error('the client has ended'))
      child.once('exit', onExit)
      child.once('message', (answer: JobResult | { error: string }) => {
        child.off('exit', onExit)
        if ('error' in answer) reject(new Error(answer.error))
        else resolve(answer)
      })
      child.send(job)
      return promise
    },
    stop: () => void child.kill(),
  }
}
