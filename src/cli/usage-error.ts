/**
 * The words on the command line, or a file they name, cannot be used: one sentence, exit status 2.
 */
export class UsageError extends Error {
  override name = 'UsageError';
}
