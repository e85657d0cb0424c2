import { codedSentence, type Coded } from '../../text/coded.js';
import { printable } from '../../text/printable.js';
import type { Ground } from './grounds.js';
import { groundSentence } from './grounds.js';

/** The seen and the expected answer to one question with two answers. */
interface Disagreement {
  seen: boolean;
  seenFor: Ground;
  expectedFor: Ground;
}

/** The predicted result of mounting the root. */
type MountExpectation = { mounts: true; fstype: string | null } | { mounts: false };

const expects = (expected: MountExpectation): string => {
  if (!expected.mounts) return 'it does not mount';
  return `it mounts${expected.fstype === null ? '' : ` as ${expected.fstype}`}`;
};

const differs =
  (what: string, ifTrue: string, ifFalse: string) =>
  ({ seen, seenFor, expectedFor }: Disagreement): string =>
    `${what}: ${seen ? ifTrue : ifFalse}, for ${groundSentence(seenFor)}; ` +
    `but ${seen ? ifFalse : ifTrue} was to be expected, for ${groundSentence(expectedFor)}`;

/** The contradictions between evidence and expectation. */
const CONTRADICTIONS = {
  initrd: differs('whether there is an initrd', 'there is one', 'there is none'),
  'initrd-kind': differs('what the initrd is', 'a cpio', 'no cpio'),
  'early-init': ({ path, ...both }: Disagreement & { path: string }) =>
    differs(`whether ${path} is in rootfs`, 'it is', 'it is not')(both),
  image: differs('what becomes of the image', 'it is in /dev/ram0', 'it is not in /dev/ram0'),
  mount: ({
    shown,
    expected,
    expectedFor,
  }: {
    shown: { by: 'log'; line: string } | { by: 'mounts' } | { by: 'user-space' };
    expected: MountExpectation;
    expectedFor: Ground;
  }) =>
    `the root: ${shownWords(shown)}; ` +
    `but ${expects(expected)} was to be expected, for ${groundSentence(expectedFor)}`,
  'process-1': ({ program, failed }: { program: string; failed: string[] }) =>
    `process 1: ${program} runs; but none of ${failed.join(', ')} was to be expected to`,
  'initrd-size': ({ name, told, bytes }: { name: string; told: number; bytes: number }) =>
    `the initrd: the kernel is told of ${told} bytes, and ${printable(name)} has ${bytes}; ` +
    (told > bytes
      ? 'unless the boot loader changes that, the kernel also reads what lies behind it in memory'
      : 'unless the boot loader changes that, the kernel gets it cut short'),
  'command-line': ({ console }: { console: string }) =>
    `the command line: the console shows ${JSON.stringify(console)}, ` +
    'which differs from the one given, and counts',
};

function shownWords(
  shown: { by: 'log'; line: string } | { by: 'mounts' } | { by: 'user-space' },
): string {
  switch (shown.by) {
    case 'log':
      return groundSentence({ code: 'said', line: shown.line });
    case 'mounts':
      return 'it is mounted today';
    case 'user-space':
      return 'user space runs';
  }
}

export type Contradiction = Coded<typeof CONTRADICTIONS>;

export const contradictionSentence = (contradiction: Contradiction): string =>
  codedSentence(CONTRADICTIONS, contradiction);
