import { setTimeout as sleep } from 'node:timers/promises'
import type { DoctorConfig } from '../cli/config.ts'
import { hint } from '../cli/flags.ts'
import { createProgress, during } from '../cli/progress.ts'
import { SecaError } from '../errors.ts'
import { connect } from '../kube/config.ts'
import { writeBundle } from './bundle.ts'
import { type Check, type Exam, examine } from './check.ts'
import { CHECKS } from './checks/index.ts'
import { asJson, asTable, exitCode } from './report.ts'

/** `seca-operator doctor`: exit code 0 when all is in order, 1 with warnings or what could not be looked at, 2 when something is broken. */
export async function doctor(config: DoctorConfig, { signal }: { readonly signal: AbortSignal }): Promise<number> {
  const checks = chosen(config.only)
  const { kubeconfig, context, namespaces, apiUrl, apiCaFile, tokenIssuer } = config
  if (apiUrl !== undefined && !apiUrl.startsWith('https://')) throw invalid(`--api-url ${apiUrl} is not an https URL`)
  const client = connect({ kubeconfig, context, namespaces, userAgent: 'seca-operator/doctor' })
  const exam: Exam = {
    client,
    namespace: config.operatorNamespace,
    signal,
    now: Date.now,
    sleep: (ms) => sleep(ms, undefined, { signal }),
    olderThanMs: config.olderThanMs,
    tlsSecret: config.tlsSecret,
    api: apiUrl === undefined ? undefined : { url: apiUrl, caFile: apiCaFile },
    issuer:
      tokenIssuer === undefined
        ? undefined
        : {
            issuer: tokenIssuer,
            keyFile: config.tokenKeyFile,
            jwksUrl: config.tokenJwksUrl,
            caFile: config.tokenCaFile,
            bearerFile: config.tokenIssuerBearerFile,
          },
  }
  const progress = createProgress()
  try {
    const findings = await during(progress, 'looking', (step) => examine(checks, exam, ({ about }) => step.update(about)))
    signal.throwIfAborted()
    const { bundle } = config
    if (bundle !== undefined) await during(progress, `writing ${bundle}`, () => writeBundle(bundle, exam, findings))
    process.stdout.write(config.output === 'json' ? asJson(findings) : asTable(findings))
    return exitCode(findings)
  } finally {
    await client.close()
  }
}

function chosen(only: readonly string[]): readonly Check[] {
  const names = CHECKS.map(({ name }) => name)
  const unknown = only.find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw invalid(`--only ${unknown}: there is no such check${hint(unknown, names)}\nThere are: ${names.join(', ')}`)
  return only.length === 0 ? CHECKS : CHECKS.filter(({ name }) => only.includes(name))
}

const invalid = (message: string) => new SecaError('InvalidConfiguration', message)
