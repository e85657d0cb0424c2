/** What the rooms log through; who listens is for boot and cli to say. */
export interface Log {
  error(text: string): void;
  warn(text: string): void;
  info(text: string): void;
  debug(text: string): void;
}
