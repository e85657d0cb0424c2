import type { Atags } from '../../facts/atags.js';
import type { DeviceTree, Region } from '../../facts/device-tree.js';
import { codedSentence } from '../../text/coded.js';
import { bootParameters } from '../boot-parameters.js';
import { initrdClaims, type HandOver, type InitrdClaim } from './initrd-claims.js';
import type { BootImage } from './boot-image.js';
import {
  LOCATE_PROBLEMS,
  comparableClaims,
  locateProblems,
  type NamedRamdisk,
} from './locate-problems.js';

/** The places of the initrd that the kernel was given, as `ramdisk locate --json` prints them. */
export interface Located {
  schema: 'mountroot.locate/1';
  claims: InitrdClaim[];
  /** Whether all of them are equal; null for fewer than two. */
  agree: boolean | null;
  /** The one that the kernel uses; null for none. */
  taken: InitrdClaim['source'] | null;
  memory: Region[];
  problems: string[];
  /** The boot image that was looked into, in place of a hand-over. */
  image?: Omit<BootImage, 'problems'>;
}

/** null if there is none, or if we do not have it. */
export interface LocateInput {
  commandLine: string | null;
  deviceTree: DeviceTree | null;
  atags: Atags | null;
}

function doAgree(claims: readonly InitrdClaim[]): boolean | null {
  const [first, ...others] = comparableClaims(claims);
  if (first === undefined || others.length === 0) return null;
  return others.every(({ start, size }) => start === first.start && size === first.size);
}

/** Finds the places of an initrd that the kernel was given, and the one that it uses. */
export function locate(
  { commandLine, deviceTree, atags }: LocateInput,
  ramdisk: NamedRamdisk | null = null,
): Located {
  const memory = [...(deviceTree?.memory ?? []), ...(atags?.memory ?? [])];
  const words = bootParameters(commandLine ?? deviceTree?.bootargs ?? atags?.commandLine ?? '');
  const handOver: HandOver = { words, deviceTree, atags, memory };
  const claims = initrdClaims(handOver);
  const agree = doAgree(claims);
  const [first] = claims;
  const problems = locateProblems(handOver, claims, { agree, ramdisk });
  return {
    schema: 'mountroot.locate/1',
    claims,
    agree,
    taken: first !== undefined && first.size > 0 ? first.source : null,
    memory,
    problems: problems.map((problem) => codedSentence(LOCATE_PROBLEMS, problem)),
  };
}

/** The same for a boot image, which tells where its ramdisk lies in the file. */
export const locatedIn = ({ problems, ...image }: BootImage): Located => ({
  schema: 'mountroot.locate/1',
  ...{ claims: [], agree: null, taken: null, memory: [], problems },
  image,
});
