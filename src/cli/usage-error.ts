/**
 * The words on the command line, or a file that they name, cannot be used. The message is one
 * sentence; the exit status is 2.
 */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** This is not the moment for the verb. The message is one sentence; the exit status is 5. */
export class RefusedError extends Error {
  override name = 'RefusedError';
}

/** Runs `use`, and turns its errors into a UsageError. */
export function asUsageError<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
