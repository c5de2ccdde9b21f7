import { join } from 'node:path'
import { ensurePki } from '../../src/embedded/cluster/pki.ts'
import { CHART } from '../support/helm.ts'
import { buildForTests } from '../support/image.ts'
import { type Door, type Site, startSite } from '../support/installation.ts'
import { OPERATOR_NAMESPACE } from '../support/names.ts'

export const EXAMPLE = join(import.meta.dirname, '../../examples/acme')

/** A site with the image of this checkout, where the chart is installed with values that declare what the example needs. */
export interface Installation extends Site {
  /** Installs or upgrades the chart, and waits for its pods. */
  install(...args: string[]): Promise<string>
  /** Names of the pods that are not on their way out. */
  pods(): Promise<string[]>
  /** Waits until every object of the example is Ready. */
  exampleIsReady(): Promise<string>
  /** The aggregated door, as kubectl sees it. */
  aggregatedDoor(): Door
}

/** Starts node and cloud, and imports the image; `values` are added to those of the chart. Nothing is installed yet. */
export async function prepareInstallation(values: object = {}): Promise<Installation> {
  const site = await startSite()
  const { node } = site
  try {
    const built = await buildForTests(join(node.dataDir, 'image'))
    await node.importImage(built.files.archive)
  } catch (error) {
    await site.remove()
    throw error
  }
  const file = site.file({ ...site.values(), ...values })
  return {
    ...site,
    install: (...args) => site.helm('upgrade', '--install', 'seca', CHART, '--values', file, '--wait', '--timeout', '3m', ...args),
    pods: async () => (await site.all('pods', '--namespace', OPERATOR_NAMESPACE)).map(({ metadata }) => metadata.name).toSorted(),
    exampleIsReady: () =>
      node.kubectl(['wait', 'seca', '--all', '--namespace', 'seca-acme--prod', '--for=condition=Ready', '--timeout=120s']),
    aggregatedDoor() {
      const pki = ensurePki(join(node.dataDir, 'pki'))
      const connect = { ca: pki.read('ca.crt'), cert: pki.read('admin.crt'), key: pki.read('admin.key') }
      return { base: `${node.url}/apis/eu-1.seca.workspace/v1`, headers: {}, connect }
    },
  }
}
