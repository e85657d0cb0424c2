// Put in by the bundler from package.json; a run from source has no version of its own.
declare const MOUNTROOT_VERSION: string | undefined;
export const VERSION = typeof MOUNTROOT_VERSION === 'undefined' ? 'source' : MOUNTROOT_VERSION;
