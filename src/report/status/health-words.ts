/** The health of flash, in sentences. */
import { plural, size } from '../../text/units.js';
import {
  mostUsed,
  type Health,
  type HealthTrouble,
  type MmcHealth,
  type MtdHealth,
  type UbiHealth,
} from './flash-health.js';

const TROUBLE: Record<HealthTrouble, (health: Health) => string> = {
  ecc: ({ mtd }) =>
    `${mtd!.device} has had ${plural(mtd!.eccFailures!, 'read')} since the kernel started that ` +
    'its ECC could not correct: data may be lost; save what matters, and replace the flash',
  'ubi-read-only': ({ ubi }) =>
    `${ubi!.device} has gone read-only, as UBI does after an error; ` +
    'see the kernel log, and reboot the board',
  'ubi-spares': ({ ubi }) =>
    `${ubi!.device} has no spare blocks left for ones that go bad ` +
    `(${ubi!.badBlocks} are): replace the flash`,
  'mmc-life': ({ mmc }) => {
    const used = mostUsed(mmc!);
    const share = used > 10 ? 'more than all' : `about ${used * 10}%`;
    return `${mmc!.device} is near the end of its life (${share} of it is used): replace it`;
  },
};

export const healthTroubleWords = (trouble: HealthTrouble, health: Health): string =>
  TROUBLE[trouble](health);

/** A figure in words; nothing where this kernel does not show it. */
const figure = (value: number | null, words: (count: number) => string): string[] =>
  value === null ? [] : [words(value)];

const named = (device: string, name: string | null): string =>
  name === null || name === '' ? device : `${device} "${name}"`;

function blocksOf({ size: bytes, eraseBlock }: MtdHealth): string[] {
  if (bytes === null || !eraseBlock) return [];
  const count = plural(Math.floor(bytes / eraseBlock), 'erase block');
  return [`${count} of ${size(eraseBlock).replace('.0 ', ' ')}`];
}

function mtdWords(mtd: MtdHealth): string {
  const { device, name, type, eccStrength, correctedBits, eccFailures, badBlocks } = mtd;
  const ecc =
    eccStrength === 0
      ? ['no ECC']
      : [
          ...figure(correctedBits, (count) => `${plural(count, 'bit')} corrected`),
          ...figure(eccFailures, (count) => `${count} not correctable in this boot`),
        ];
  const figures = [
    ...(type === null ? [] : [type.toUpperCase()]),
    ...blocksOf(mtd),
    ...figure(badBlocks, (count) => (count === 0 ? 'none bad' : `${count} bad`)),
    ...ecc,
  ];
  return `${named(device, name)}: ${figures.join(', ')}`;
}

function ubiWords({ device, volume, maxEraseCount, badBlocks, reservedForBad }: UbiHealth): string {
  const figures = [
    ...figure(maxEraseCount, (count) => `erased at most ${plural(count, 'time')}`),
    ...figure(badBlocks, (count) => `${count} bad`),
    ...figure(reservedForBad, (count) => `${count} kept for bad ones`),
  ];
  return `${named(device, volume)}: ${figures.join(', ') || 'no figures'}`;
}

/** JESD84-B50 gives life in steps: n means more than n - 1 and up to n tenths. */
const lifeWords = (tenths: number): string =>
  tenths > 10 ? 'more than 100%' : `${Math.max(0, tenths - 1) * 10} to ${tenths * 10}%`;

const mmcWords = ({ device, lifeUsed }: MmcHealth): string =>
  `${device}: ${lifeUsed.map(lifeWords).join(' and ')} of its life used`;

/**
 * The figures of flash. The counts of ECC begin anew with each boot; erase counts and the number of
 * bad blocks do not.
 */
export const healthWords = ({ mtd, ubi, mmc }: Health): string =>
  [
    ...(mtd === null ? [] : [mtdWords(mtd)]),
    ...(ubi === null ? [] : [ubiWords(ubi)]),
    ...(mmc === null ? [] : [mmcWords(mmc)]),
  ].join('; ');
