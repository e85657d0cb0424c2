/**
 * The keys of our own JSON: facts, journal, state, status, explanation, settings. The values of
 * other keys are withheld.
 */
import { SETTING_NAMES } from '../facts/setting-rows.js';

const KEYS = `
  about accept action address advice again ago all allLevels answer architecture args aside asked at
  atags attach attempts attention availableBytes badBlocks because before begun behind
  bitflipThreshold boot boot_limit bootargs boots bytes calls cause cells certain changed code
  commandLine compatible config configuration confirmed content contradictions correctedBits crash
  data decision decisions degraded deletionBlocks device deviceTree devices differences done drops
  earlyInit eccFailures eccStrength end erase eraseBlock eraseBlocks errno error evidence exit
  expected extroot extroot_target external fact failed failures features feature fields file
  filesystems findings finding first flags folder for form format former found free from fromStart
  fstype fstypes handover health heap holds id identity image import imported incoming index init
  initrd inode inodes jffs2 journal keep kept kernel kind kinds known label last lazy left lifeUsed
  limit limits line lines list log logBegins machine master maxEraseCount memory minor mode model
  modified mountpoint mountroot mounts move moved ms mtd name needed newRoot next node notes notice
  now number of offered ok opened optional options order ordered origin origins ours owner parent
  partitions parts path paths patient pending persistent pid places plain plan platform preinit
  problem problems program programs putOld quarantine question raw ramdisk ramfs readonly
  realRootDevice reason reservations reserved reservedBlocks reservedForBad reset rest rests result
  retain rom root rung same schema seen seenFor setting settings severity shared shutdown since size
  source space stage stages start started state stays step steps stray subject summary superOptions
  sure switch switched tag tags target text time title to todo total type types ubi uid unbindable
  undo undone unknown upgrade upper uses value verb verdict verify version versions virtual volume
  wait wanted warned warnings was watchdog when where why words work writable absent mountAs release
  changes madeBy maker certainty recordTrouble looked rootdisk used offset loop
  collectable uncollected dataset modules loader
  reservedBytes written wear blocks bits flash sameBoot
`;

const KNOWN: ReadonlySet<string> = new Set([...KEYS.trim().split(/\s+/), ...SETTING_NAMES]);

export const isKnownKey = (key: string): boolean => KNOWN.has(key);

/** Keys whose text is a kernel command line. */
const COMMAND_LINES: ReadonlySet<string> = new Set(['commandLine', 'bootargs', 'CMDLINE']);
export const holdsCommandLine = (key: string): boolean => COMMAND_LINES.has(key);

/** Keys of a list of words that a program gets. */
export const holdsArguments = (key: string): boolean => key === 'args' || key === 'initArgs';

/** Below these a key is a path or an option of the kernel, and it is judged as a text. */
const RECORDS: ReadonlySet<string> = new Set(['paths', 'config']);
export const isRecord = (key: string): boolean => RECORDS.has(key);
