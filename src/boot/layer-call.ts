/** The verbs of src/cli/layer-cli.ts. */
const LAYER_VERBS: readonly string[] = ['diff', 'export', 'import'];

/** Whether the file of these verbs may be able to answer. */
export const isLayerCall = ([verb = '']: readonly string[]): boolean => LAYER_VERBS.includes(verb);
