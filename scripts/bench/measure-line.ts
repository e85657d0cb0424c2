/** A line of native/measure.c. */
export interface MeasureLine {
  start_us: number;
  wall_us: number;
  user_us: number;
  system_us: number;
  max_rss_kib: number;
  status: number;
}

/** A line of `measure -p`. */
export interface WatchedLine extends MeasureLine {
  private_clean_kib: number;
  private_dirty_kib: number;
  swap_kib: number;
}

/** The run whose time is in the middle, of at least one. */
export const middleRun = (runs: readonly MeasureLine[]): MeasureLine =>
  runs.toSorted((one, other) => one.wall_us - other.wall_us)[Math.floor(runs.length / 2)]!;
