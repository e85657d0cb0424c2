/**
 * The processors that Linux and U-Boot both know, by U-Boot's numbers. U-Boot refuses a ramdisk for
 * another processor.
 */
export const ARCHITECTURES = {
  arm: 2,
  x86: 3,
  mips: 5,
  mips64: 6,
  ppc: 7,
  arm64: 22,
  x86_64: 24,
  riscv: 26,
} as const;
export type Architecture = keyof typeof ARCHITECTURES;
