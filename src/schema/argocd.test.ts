import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { KINDS } from '../kinds/index.ts'
import { argocdSettings } from './argocd.ts'

const scripts = (path: string) => `-- ${path}\nreturn {}\n`
const written = argocdSettings(KINDS, scripts)
const { data } = parse(written, { version: '1.1' }) as { data: Record<string, string> }

it('every kind that has a status has a health check, under a key of its own', () => {
  const health = Object.entries(data).filter(([key]) => key.startsWith('resource.customizations.health.'))
  const kinds = KINDS.filter(({ status }) => status !== undefined)
  expect(health.map(([key]) => key)).toEqual(kinds.map(({ gvr, kind }) => `resource.customizations.health.${gvr.group}_${kind}`))
  expect(new Set(health.map(([, script]) => script))).toEqual(new Set(['-- health.lua\nreturn {}\n']))
  // The script is there once, whoever reads the file.
  expect(written.split('-- health.lua')).toHaveLength(2)
})

it("a kind's actions of the SECA API are its actions in Argo CD", () => {
  const actions = Object.entries(data).filter(([key]) => key.startsWith('resource.customizations.actions.'))
  expect(actions.map(([key, text]) => [key, parse(text) as unknown])).toEqual([
    [
      'resource.customizations.actions.compute.secapi.cloud_Instance',
      {
        'discovery.lua': '-- actions/instance/discovery.lua\nreturn {}\n',
        definitions: ['start', 'stop', 'restart'].map((name) => ({ name, 'action.lua': `-- actions/instance/${name}.lua\nreturn {}\n` })),
      },
    ],
  ])
})

it('keys are such as a ConfigMap can have', () => {
  expect(Object.keys(data).filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key))).toEqual([])
})
