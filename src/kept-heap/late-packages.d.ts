/**
 * Made by the bundler (scripts/agent/bundle-heap.ts): ffi-napi and ref-napi as one function, which
 * can be run again.
 */
declare module 'late-packages' {
  /**
   * Runs both packages over the addons that `require` gives; what imports them has the new ones
   * from then on.
   */
  export function loadPackages(require: (name: string) => unknown): void;
}
