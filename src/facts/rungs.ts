interface RungRow {
  /** The kind of `/` on this rung. */
  root: string;
  /** The fate of the settings on the data volume, for the notice at a login. */
  notice: string;
  /** True when the root does not keep its changes. */
  degraded: boolean;
}

/** The rungs of the ladder, the best one first. README.md, "The ladder", shows the same table. */
export const RUNGS = {
  persistent: {
    root: 'an overlay that keeps its changes on the data volume, or a root that keeps them itself',
    notice: 'settings are kept',
    degraded: false,
  },
  'kept-read-only': {
    root:
      'an overlay in memory over the settings as they are on flash; ' +
      'changes are lost at power-off',
    notice: 'settings are there, but CHANGES ARE LOST at power-off',
    degraded: true,
  },
  volatile: {
    root: 'an overlay in memory over the image; the settings are not in use',
    notice: 'the saved settings are NOT IN USE, and CHANGES ARE LOST at power-off',
    degraded: true,
  },
  rom: {
    root: 'the read-only image',
    notice: 'the root is READ-ONLY and without the saved settings',
    degraded: true,
  },
} as const satisfies Record<string, RungRow>;

/** A step of the ladder down from a root that keeps its changes. */
export type Rung = keyof typeof RUNGS;

export const RUNG_NAMES = Object.keys(RUNGS) as Rung[];

export const isRung = (name: unknown): name is Rung =>
  typeof name === 'string' && Object.hasOwn(RUNGS, name);
