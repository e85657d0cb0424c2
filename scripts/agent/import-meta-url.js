// yargs is an ES module and asks for its own URL; inside the CommonJS bundle that is the bundle's.
export const importMetaUrl = require('node:url').pathToFileURL(__filename).href;
