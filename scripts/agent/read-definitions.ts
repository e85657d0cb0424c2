import type { Definitions } from '../../src/cli/definitions.js';
import { run } from '../lib/run.js';

/** What a built agent says of its own command line. */
export const definitionsOf = async (bundle: string): Promise<Definitions> =>
  JSON.parse(await run(process.execPath, [bundle, 'completion', 'json'])) as Definitions;
