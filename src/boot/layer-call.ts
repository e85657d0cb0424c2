/** The verbs of src/cli/layer-cli.ts. */
export const LAYER_VERBS: readonly string[] = ['diff', 'export', 'import'];

/** Whether the file of these verbs can answer. The help is about all verbs. */
export const isLayerCall = ([verb = '', ...words]: readonly string[]): boolean =>
  LAYER_VERBS.includes(verb) && !words.some((word) => /^--(?:help|version)/.test(word));
