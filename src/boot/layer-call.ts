/** The verbs of src/cli/layer-cli.ts. */
const LAYER_VERBS: readonly string[] = ['diff', 'export', 'import'];

/**
 * Whether the file of these verbs may be able to answer. What process 1 is called with comes from
 * the kernel, and is meant for the real init.
 */
export const isLayerCall = ([verb = '']: readonly string[]): boolean =>
  process.pid !== 1 && LAYER_VERBS.includes(verb);
