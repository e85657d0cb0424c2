/**
 * The types in /proc/filesystems, whole words: `overlayfs` is not `overlay`. A line is
 * `nodev\tNAME` or `\tNAME` (fs/filesystems.c: filesystems_proc_show).
 */
export function parseFilesystems(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const name = line.split('\t')[1]?.trim();
    return name ? [name] : [];
  });
}
