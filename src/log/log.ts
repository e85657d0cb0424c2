/** What all rooms log through; boot and cli choose where it goes. */
export interface Log {
  error(text: string): void;
  warn(text: string): void;
  info(text: string): void;
  debug(text: string): void;
}
