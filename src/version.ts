// The bundler fills this in from package.json. A run from source has no version.
declare const MOUNTROOT_VERSION: string | undefined;
export const VERSION = typeof MOUNTROOT_VERSION === 'undefined' ? 'source' : MOUNTROOT_VERSION;
