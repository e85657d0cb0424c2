// yargs is an ES module and asks for its own URL. Inside the CommonJS bundle it gets one beside the
// bundle, as if it were installed there: below that it looks for translations, and above it for a
// package.json. With another URL it would read one in the working directory.
const { dirname, join } = require('node:path');
const place = join(dirname(__filename), 'node_modules/yargs/lib/platform-shims/esm.mjs');
export const importMetaUrl = require('node:url').pathToFileURL(place).href;
