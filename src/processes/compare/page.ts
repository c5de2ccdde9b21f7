import { Html, html } from '../../api/reference/html.ts'
import { abilitiesOf } from './page-abilities.ts'
import { STYLE } from './page-style.ts'
import { leftOut, trialOf } from './page-trial.ts'
import type { Report } from './report.ts'
import { aboutOf, titleOf } from './words.ts'

/** The report as one page that needs nothing else: no scripts, no fonts, nothing from anywhere. */
export function asPage(report: Report): string {
  const isTried = report.regions.some(({ tracks }) => tracks.length > 0)
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${titleOf(report)}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${titleOf(report)}</h1>
          <p>${aboutOf(report)}</p>
          <p class="soft">${report.made.slice(0, 16).replace('T', ' ')} UTC · seca-operator ${report.version}</p>
        </header>
        <main>${isTried && trialOf(report)}${leftOut(report)}${abilitiesOf(report)}</main>
      </body>
    </html>`
  // Laid out for who reads the source here, not for who gets the page.
  return `${page.text.replaceAll(/\s*\n\s*/g, '\n')}\n`
}
