/** A boot image whose header is damaged. */
export class ContainerError extends Error {
  override name = 'ContainerError';
}
