import { createHash } from 'node:crypto'
import { fieldsTable, limitsOf, refOf, schemaId, typeOf } from './docs-schema.ts'
import { SCRIPT, STYLE } from './docs-style.ts'
import { Html, html } from './html.ts'
import type { Method, OpenApi, Operation, Parameter, ResponseObject } from './openapi.ts'
import type { Schema } from './openapi-schemas.ts'

interface Entry {
  readonly path: string
  readonly method: Method
  readonly operation: Operation
}

interface Page {
  readonly body: string
  /** Content-Security-Policy that lets in just what the page brings along. */
  readonly policy: string
}

/** Not in the templates below: a formatter that adds a space there would change what the policy's hashes are of. */
const STYLE_TAG = new Html(`<style>${STYLE}</style>`)
const SCRIPT_TAG = new Html(`<script>${SCRIPT}</script>`)

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** A browsable reference made from the OpenAPI document: one page, nothing loaded from anywhere, readable without scripts. */
export function docsPage(document: OpenApi): Page {
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Entry => ({ path, method: method as Method, operation })),
  )
  const server = document.servers[0]?.url ?? ''
  const groups = [...Map.groupBy(entries, ({ operation }) => operation.tags[0] ?? '')]
  const body = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${document.info.title} ${document.info.version}</title>
        <link rel="icon" href="data:," />
        ${STYLE_TAG}
      </head>
      <body>
        <a class="skip" href="#content">To the content</a>
        <nav aria-label="Operations">
          <h1><a href="#top">${document.info.title}</a></h1>
          <input id="filter" type="search" placeholder="Filter operations and schemas" aria-label="Filter operations and schemas" />
          ${groups.map(([tag, list]) => navGroup(tag, list))}
          <details>
            <summary>Schemas</summary>
            <ul>
              ${Object.keys(document.components.schemas).map((name) => html`<li><a href="#${schemaId(name)}">${name}</a></li>`)}
            </ul>
          </details>
        </nav>
        <main id="content">
          ${intro(document, server)} ${groups.map(([tag, list]) => section(document, tag, list, server))}
          <section id="schemas">
            <h2>Schemas</h2>
            ${Object.entries(document.components.schemas).map(([name, schema]) => schemaSection(name, schema))}
          </section>
        </main>
        ${SCRIPT_TAG}
      </body>
    </html> `.text
  const policy = `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
  return { body, policy }
}

const anchor = ({ operation }: Entry): string => `operation-${operation.operationId}`

function navGroup(tag: string, entries: readonly Entry[]): Html {
  return html`<details open>
    <summary>${tag}</summary>
    <ul>
      ${entries.map(
        (entry) =>
          html`<li>
            <a href="#${anchor(entry)}"><b class="method ${entry.method}">${entry.method.toUpperCase()}</b> ${entry.operation.summary}</a>
          </li>`,
      )}
    </ul>
  </details> `
}

function intro(document: OpenApi, server: string): Html {
  return html`<header id="top">
    <h1>${document.info.title} <small>${document.info.version}</small></h1>
    ${document.info.description.split('\n\n').map((paragraph) => html`<p>${paragraph}</p>`)}
    <dl>
      <dt>Base URL</dt>
      <dd><code>${server}</code></dd>
      <dt>Access</dt>
      <dd><code>Authorization: Bearer &lt;token&gt;</code> on everything but discovery and this page</dd>
      <dt>This document</dt>
      <dd><a href="openapi.json">openapi.json</a>, OpenAPI ${document.openapi}</dd>
    </dl>
  </header>`
}

function section(document: OpenApi, tag: string, entries: readonly Entry[], server: string): Html {
  const description = document.tags.find(({ name }) => name === tag)?.description
  return html`<section>
    <h2 id="api-${tag.replaceAll(/[^a-z0-9]/g, '-')}">${tag}</h2>
    ${description !== undefined && html`<p>${description}</p>`} ${entries.map((entry) => operationSection(document, entry, server))}
  </section> `
}

function operationSection(document: OpenApi, entry: Entry, server: string): Html {
  const { path, method, operation } = entry
  const content = operation.requestBody?.content['application/json']
  return html`<article id="${anchor(entry)}" class="operation">
    <h3>${operation.summary} <a class="anchor" href="#${anchor(entry)}" aria-label="Link to this operation">#</a></h3>
    <p class="path"><b class="method ${method}">${method.toUpperCase()}</b> <code>${path}</code> <small>${operation.operationId}</small></p>
    ${parametersTable(operation.parameters ?? [])}
    ${
      content !== undefined &&
      html`<h4>Body</h4>
        <p>${typeOf(content.schema)}; metadata and status are ignored.</p>
        ${bodyFields(document, content.schema)}`
    }
    <h4>Responses</h4>
    <table>
      <tbody>
        ${Object.entries(operation.responses).map(([status, response]) => responseRow(status, response))}
      </tbody>
    </table>
    <h4>curl</h4>
    <div class="code">
      <pre><code>${curl(entry, server)}</code></pre>
      <button type="button" class="copy" hidden>Copy</button>
    </div>
  </article> `
}

function parametersTable(parameters: readonly Parameter[]): Html | undefined {
  if (parameters.length === 0) return undefined
  return html`<h4>Parameters</h4>
    <table>
      <thead>
        <tr>
          <th>Name</th>
          <th>In</th>
          <th>Type</th>
          <th>Meaning</th>
        </tr>
      </thead>
      <tbody>
        ${parameters.map(
          (parameter) =>
            html`<tr>
              <td><code>${parameter.name}</code>${parameter.required && html`<span class="required" title="required">*</span>`}</td>
              <td>${parameter.in}</td>
              <td>${typeOf(parameter.schema)}</td>
              <td>${parameter.description ?? ''}${limitsOf(parameter.schema)}</td>
            </tr> `,
        )}
      </tbody>
    </table>`
}

/** The spec's fields right at the operation: what one writes. */
function bodyFields(document: OpenApi, schema: Schema): Html | undefined {
  const resource = document.components.schemas[refOf(schema) ?? '']
  const spec = (resource?.['properties'] as Readonly<Record<string, Schema>> | undefined)?.['spec']
  const fields = spec && document.components.schemas[refOf(spec) ?? '']
  const table = fields && fieldsTable(fields)
  return (
    table &&
    html`<details>
      <summary>Fields of spec</summary>
      ${table}
    </details>`
  )
}

function responseRow(status: string, { description, content, headers }: ResponseObject): Html {
  const schema = content?.['application/json']?.schema
  return html`<tr>
    <td><b class="status s${status[0] ?? ''}">${status}</b></td>
    <td>
      ${description}${Object.entries(headers ?? {}).map(
        ([name, header]) => html` <small><code>${name}</code>: ${header.description}</small>`,
      )}
    </td>
    <td>${schema && typeOf(schema)}</td>
  </tr> `
}

function schemaSection(name: string, schema: Schema): Html {
  return html`<article id="${schemaId(name)}" class="schema">
    <h3>${name} <a class="anchor" href="#${schemaId(name)}" aria-label="Link to this schema">#</a></h3>
    <p>${String(schema['description'] ?? '')}</p>
    ${fieldsTable(schema) ?? html`<p>${typeOf(schema)}${limitsOf(schema)}</p>`}
  </article> `
}

/** Names that make an example path a working one in the embedded installation. */
const SAMPLES: Readonly<Record<string, string>> = { tenant: 'demo', workspace: 'prod', name: 'my-resource' }

/** A command that can be pasted; the token comes from the environment. */
function curl({ path, method, operation }: Entry, server: string): string {
  const url = server + path.replaceAll(/\{(\w+)\}/g, (_, name: string) => SAMPLES[name] ?? `my-${name}`)
  const body = operation.requestBody?.content['application/json']?.example
  return [
    `curl${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} '${url}'`,
    ...(operation.security?.length === 0 ? [] : [`-H "Authorization: Bearer $SECA_TOKEN"`]),
    ...(body === undefined ? [] : [`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(body, undefined, 2)}'`]),
  ].join(' \\\n  ')
}
