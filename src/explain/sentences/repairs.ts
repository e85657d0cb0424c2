/**
 * Advice that several causes share. None of it may destroy what is still good: before anything is
 * written to a device whose content counts, it is copied.
 */
export const COPY_FIRST =
  'before you repair or write anything there, copy the device (dd, nanddump): ' +
  'what it still holds may be the only one';
export const COMPARE_IMAGE =
  'compare the partition with the image it was made from (size and checksum), ' +
  'and look whether the image itself can be mounted elsewhere';
export const BUILD_INTO_KERNEL = 'it must be built in (=y): a module (=m) lies on the root';
export const LOOK_BEFORE = 'look at the lines before this one for the first error';
export const CABLE_AND_POWER =
  'check supply, contacts, pull-ups and clock of the device, or try it in another machine';
/** After an error of reading, to erase or to make a file system anew would destroy evidence. */
export const DO_NOT_ERASE = 'do not erase or format it because of this error';

/** A device's name, or a word for one that the kernel does not name. */
export const deviceName = (device: string | null, otherwise = 'the device'): string =>
  device ?? otherwise;
