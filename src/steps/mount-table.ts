/** A mount as it must be after a plan. */
export interface ExpectedMount {
  mountpoint: string;
  fstype: string;
  source: string;
  /** Its number in mountinfo, which a move does not change; null if the plan makes the mount. */
  id: number | null;
  /** Options that mountinfo must show. */
  options: string[];
  writable: boolean;
}

export type MountTable = readonly ExpectedMount[];

/** Whether a path is a directory or anything in it. */
export const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory === '/' ? directory : `${directory}/`);
