import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'

/** Asks the API as a client would, with the variables of `.seca/env`; resolves with what is wrong with its answer, or nothing. */
export async function answers(variables: Readonly<Record<string, string>>): Promise<string | undefined> {
  const { SECA_URL: url = '', SECA_CA: ca = '', SECA_TOKEN: token = '', SECA_TENANT: tenant = '' } = variables
  const dispatcher = new Agent({ connect: { ca: readFileSync(ca, 'utf8') }, headersTimeout: 5_000, bodyTimeout: 5_000 })
  try {
    const path = `${url}/providers/seca.workspace/v1/tenants/${tenant}/workspaces`
    const { statusCode, body } = await request(path, { headers: { authorization: `Bearer ${token}` }, dispatcher })
    const text = await body.text()
    return statusCode === 200 ? undefined : `the API answers ${statusCode}: ${text.slice(0, 200)}`
  } finally {
    await dispatcher.close()
  }
}
