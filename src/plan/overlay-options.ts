/**
 * Overlay splits its option string at `,` and `:`, and `\` escapes a character. So all three are
 * escaped in a path (fs/overlayfs/super.c: ovl_next_opt, ovl_split_lowerdirs).
 */
const escape = (path: string): string => path.replace(/[\\,:]/g, (character) => `\\${character}`);

/**
 * The data string of an overlay mount. The out-of-tree overlayfs has no workdir, so `workdir` is
 * left out for it.
 */
export function overlayOptions(layers: { lower: string[]; upper: string; work?: string }): string {
  const options = [
    `lowerdir=${layers.lower.map(escape).join(':')}`,
    `upperdir=${escape(layers.upper)}`,
  ];
  if (layers.work !== undefined) options.push(`workdir=${escape(layers.work)}`);
  return options.join(',');
}
