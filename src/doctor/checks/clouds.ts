import { PROVIDERS } from '../../../providers/index.ts'
import { CloudProvider } from '../../kinds/operator/cloud-provider.ts'
import type { Resource } from '../../kinds/resource.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import { all, type Check, type Exam, fail, find, isSeen, ok, unseen, warn } from '../check.ts'
import { conditionOf, words } from '../conditions.ts'

type Account = Resource<typeof CloudProvider>

const TODO: Readonly<Record<string, string>> = {
  CredentialsInvalid: 'put working credentials into the Secret; it is read again within a minute',
  AccountChanged: 'put the old Secret back, or annotate the CloudProvider as the condition says',
  ProviderUnavailable: "is the cloud's API up, and do a NetworkPolicy, proxy or CA let the controllers reach it?",
  Rejected: 'correct spec.settings as the condition says',
  Unsupported: 'correct spec.type as the condition says',
}

/** What a Secret lacks, by names of keys alone: values are never told. */
function lacking({ spec }: Account, data: Readonly<Record<string, string>>): readonly string[] {
  const schema = PROVIDERS.find(({ type }) => type === spec.type)?.credentials
  const decoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]))
  const parsed = schema?.safeParse(decoded)
  return parsed?.success === false ? [...new Set(parsed.error.issues.map(({ path }) => path.join('.')))] : []
}

async function secretLines(exam: Exam, account: Account, name: string, whose: string) {
  const place = `${exam.namespace}/${name}`
  const seen = await find<{ data?: Readonly<Record<string, string>> }>(exam, KUBERNETES.Secret, exam.namespace, name)
  if (!isSeen(seen)) return [unseen(`Secret ${place} of ${whose}`, seen)]
  if (seen.value === undefined) return [fail(`Secret ${place} of ${whose} is not there`, `create it with the credentials of the account`)]
  const keys = lacking(account, seen.value.data ?? {})
  return keys.length === 0
    ? []
    : [fail(`Secret ${place} of ${whose} lacks, or has wrong: ${keys.join(', ')}`, 'add these keys to the Secret')]
}

async function linesOf(exam: Exam, account: Account) {
  const { name } = account.metadata
  const { credentialsSecretRef, tenantCredentials = [] } = account.spec
  const secrets = await Promise.all([
    secretLines(exam, account, credentialsSecretRef.name, `CloudProvider ${name}`),
    ...tenantCredentials.map((one) => secretLines(exam, account, one.name, `tenant ${one.tenant} at CloudProvider ${name}`)),
  ])
  const [ready, synced] = [conditionOf(account, 'Ready'), conditionOf(account, 'Synced')]
  const trouble = [ready, synced].find((condition) => condition !== undefined && condition.status !== 'True')
  const todo = TODO[trouble?.reason ?? ''] ?? 'read the condition: kubectl describe cloudprovider'
  const state =
    ready?.status !== 'True'
      ? fail(`CloudProvider ${name} is not ready: ${words(ready)}`, ready === undefined ? 'do the controllers run?' : todo)
      : trouble !== undefined
        ? warn(`CloudProvider ${name} is ready, but: ${words(trouble)}`, todo)
        : ready.reason === 'PartlyApplied'
          ? warn(`CloudProvider ${name} is ready, but not for all: ${words(ready)}`, TODO['CredentialsInvalid'] ?? todo)
          : ok(`CloudProvider ${name} (${account.spec.type}) is ready`)
  return [...secrets.flat(), state]
}

/** Cloud accounts: their Secrets are there and complete, and the clouds take them. */
export const clouds: Check = {
  name: 'clouds',
  about: 'CloudProviders are ready, their Secrets there and complete',
  run: async (exam) => {
    const found = await all<Account>(exam, CloudProvider.gvr)
    if (!isSeen(found)) return [unseen('CloudProviders', found)]
    if (found.value.length === 0) return [warn('there is no CloudProvider: nothing can be made', 'apply one with a Secret of the account')]
    return (await Promise.all(found.value.map((account) => linesOf(exam, account)))).flat()
  },
}
