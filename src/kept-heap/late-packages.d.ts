/**
 * ffi-napi and ref-napi as one function that can run again. The bundler makes it
 * (scripts/agent/bundle-heap.ts).
 */
declare module 'late-packages' {
  /** Runs both packages over the addons that `require` gives. Their importers then use these. */
  export function loadPackages(require: (name: string) => unknown): void;
}
