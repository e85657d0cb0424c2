/**
 * Overlay's option string is parted at `,` and `:`, and `\` escapes; in a path each is escaped
 * (fs/overlayfs/super.c: ovl_next_opt, ovl_split_lowerdirs).
 */
const escape = (path: string): string => path.replace(/[\\,:]/g, (character) => `\\${character}`);

/**
 * The data string of an overlay mount. Without a workdir it is that of the out-of-tree overlayfs,
 * which has none.
 */
export function overlayOptions(layers: { lower: string[]; upper: string; work?: string }): string {
  const options = [
    `lowerdir=${layers.lower.map(escape).join(':')}`,
    `upperdir=${escape(layers.upper)}`,
  ];
  if (layers.work !== undefined) options.push(`workdir=${escape(layers.work)}`);
  return options.join(',');
}
