/** Node's message of an error without the path, which may hold escape sequences for a terminal. */
export const withoutPath = (error: unknown): string =>
  (error as Error).message.replace(/ '\/.*$/s, '');
