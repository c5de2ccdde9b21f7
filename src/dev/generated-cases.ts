import fc from 'fast-check'

// Set by `npm test -- --full`; how many cases a property gets that does not say so itself.
const runs = Number(process.env['SECA_TEST_RUNS'])
if (runs > 0) fc.configureGlobal({ numRuns: runs })
