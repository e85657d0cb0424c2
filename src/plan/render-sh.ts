import { inverseOf } from './consequences.js';
import { FLAG_OPTIONS } from '../steps/mount-options.js';
import type { Plan } from './plan.js';
import type { Action, ActionKind, ActionOf, Step } from '../steps/step.js';

/**
 * One word for the shell, whatever it holds: between single quotes nothing is special but the quote
 * itself.
 */
export const quote = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/**
 * A line that the shell passes over. A mountpoint may hold a newline, and what follows it would be
 * a command.
 */
export const comment = (text: string): string => `# ${text.replace(/[\0-\x1f\x7f]/g, ' ')}`;

/** What one action is in busybox's sh. Each is one command whose status says whether it worked. */
const COMMAND: { [K in ActionKind]: (action: ActionOf<K>) => string } = {
  // Two operands: with one, busybox's mount would look the mountpoint up in /etc/fstab.
  'make-private': ({ path }) => `mount -o make-rprivate none ${quote(path)}`,
  'restore-propagation': ({ before }) =>
    before
      .map(({ mountpoint, was }) => `mount -o make-${was} none ${quote(mountpoint)}`)
      .join(' || left=1; ') || ':',
  mkdir: ({ path, mode }) => `mkdir -m ${mode.toString(8).padStart(4, '0')} ${quote(path)}`,
  rmdir: ({ path }) => `rmdir ${quote(path)}`,
  mount: ({ source, target, fstype, flags, data }) => {
    const options = [
      ...flags.map((flag) => FLAG_OPTIONS[flag] ?? flag),
      ...(data === null ? [] : [data]),
    ].join(',');
    return `mount -n -t ${quote(fstype)} -o ${quote(options)} ${quote(source)} ${quote(target)}`;
  },
  umount: ({ path, lazy }) => `umount -n ${lazy ? '-l ' : ''}${quote(path)}`,
  remount: ({ path, readonly, flags }) =>
    `mount -n -o ${['remount', readonly ? 'ro' : 'rw', ...flags.map((flag) => FLAG_OPTIONS[flag] ?? flag)].join(',')} none ${quote(path)}`,
  move: ({ from, to }) => `mount -n -o move ${quote(from)} ${quote(to)}`,
  'remove-tree': ({ path }) => `rm -rf ${quote(path)}`,
  rename: ({ from, to }) => `mv -f ${quote(from)} ${quote(to)}`,
  write: ({ path, content }) =>
    `{ rm -f ${quote(`${path}.next`)} && printf %s ${quote(content)} >${quote(`${path}.next`)} && sync && mv -f ${quote(`${path}.next`)} ${quote(path)}; }`,
  link: ({ path, target }) =>
    `{ rm -f ${quote(`${path}.next`)} && ln -s ${quote(target)} ${quote(`${path}.next`)} && mv -f ${quote(`${path}.next`)} ${quote(path)}; }`,
  unlink: ({ path }) => `rm -f ${quote(path)}`,
  clear: () => `cannot 'reset a volume'`,
  copy: () => `cannot 'copy a tree with all that belongs to it'`,
  sync: () => 'sync',
  erase: () => `cannot 'erase flash'`,
  'mark-for-erase': () => `cannot 'write to flash'`,
  'attach-ubi': ({ mtd }) => `ubiattach -m ${mtd}`,
  'wait-for': ({ volume, seconds }) =>
    volume.startsWith('/dev/')
      ? `{ i=0; until [ -e ${quote(volume)} ] || [ $i -ge ${seconds} ]; do sleep 1; i=$((i + 1)); done; [ -e ${quote(volume)} ]; }`
      : `cannot ${quote(`find a volume by ${volume}`)}`,
  'probe-whiteout': () => ':',
  'probe-mounts': () => ':',
  'keep-journal': () => ':',
  'record-rom': () => ':',
  'write-probe': ({ path }) =>
    `{ rm -f ${quote(path)} && (set -C && echo mountroot >${quote(path)}); }`,
  'pivot-root': ({ newRoot, putOld }) => `pivot_root ${quote(newRoot)} ${quote(putOld)}`,
  // Busybox's own frees the memory too.
  'switch-root': ({ newRoot, init }) => `exec switch_root ${quote(newRoot)} ${quote(init)}`,
  'free-memory': () => ':',
  chdir: ({ path }) => `cd ${quote(path)}`,
};

/** One action as a command of busybox's sh. */
export const commandOf = (action: Action): string =>
  (COMMAND[action.kind] as (action: Action) => string)(action);

/** A test that what a mkdir makes is there already. A symlink is not taken for a directory. */
export function isThere({ path, accept }: ActionOf<'mkdir'>): string {
  const word = quote(path);
  return accept === 'directory' ? `{ [ -d ${word} ] && [ ! -h ${word} ]; }` : `[ -e ${word} ]`;
}

/**
 * Directories are made only where they are missing, and only those that were made are removed
 * again.
 */
const mkdirStep = (action: ActionOf<'mkdir'>, number: number): string =>
  `${isThere(action)} || { ${commandOf(action)} && made${number}=1; }`;

function stepLines({ id, action, why, severity }: Step, number: number, pivoted: boolean): string {
  const plain =
    severity === 'warn' && !pivoted && inverseOf(action) !== null
      ? `{ ${commandOf(action)} && made${number}=1; }`
      : commandOf(action);
  const command = action.kind === 'mkdir' ? mkdirStep(action, number) : plain;
  const otherwise = severity === 'warn' || pivoted ? 'say "step $at failed, going on"' : 'fail';
  return [
    comment(why),
    `at=${quote(`${number} (${id})`)}; n=${number}`,
    `${command} || ${otherwise}`,
  ].join('\n');
}

/**
 * Undoing, last first. A fatal step was done when the one that failed is behind it; others say so
 * themselves.
 */
function undoLines(steps: readonly Step[]): string[] {
  const pivot = steps.findIndex(({ action }) => action.kind === 'pivot-root');
  return steps
    .slice(0, pivot < 0 ? steps.length : pivot)
    .map(({ action, severity }, index) => {
      const inverse = inverseOf(action);
      if (inverse === null) return '';
      const done =
        action.kind === 'mkdir' || severity === 'warn'
          ? `[ -n "$made${index + 1}" ]`
          : `[ "$n" -gt ${index + 1} ]`;
      return `  if ${done}; then ${commandOf(inverse)} || left=1; fi`;
    })
    .filter((line) => line !== '')
    .reverse();
}

/** The script was planned for one board: it looks whether it is there. */
function deviceCheck(device: Plan['rests']['device']): string {
  if (device === null) return ':';
  if (device.kind !== 'mtd')
    return `[ -e ${quote(device.source)} ] || refuse ${quote(`it was planned for a board with ${device.source}`)}`;
  const hex = (value: number): string => value.toString(16).padStart(8, '0');
  const partition = `${device.name}: ${hex(device.size)} ${hex(device.eraseBlock ?? 0)} "${device.label}"`;
  return `grep -qxF ${quote(partition)} /proc/mtd || refuse ${quote(`it was planned for a board with ${partition}`)}`;
}

/**
 * The plan as a script for a board whose Node does not run: it needs busybox and nothing else,
 * stops at the first failure and undoes what it did. It was planned for one board, so it first
 * looks whether it is there: the same partition, and a root that nobody switched yet.
 */
export function renderSh(plan: Plan): string {
  let pivoted = false;
  const body = plan.steps.map((step, position) => {
    const lines = stepLines(step, position + 1, pivoted);
    pivoted ||= step.action.kind === 'pivot-root';
    return lines;
  });
  return `#!/bin/sh
${comment(`Makes ${plan.summary}.`)}
# Written by: mountroot plan ${plan.verb} --format sh. Needs busybox only.
# Exit status: 0 done, 1 failed and taken back, 5 refused; nothing was touched then.

# Busybox has no words for some steps: with one of those the script fails, and takes back what it did.
cannot() { say "a script cannot $1"; return 1; }
say() { echo "<6>mountroot: $*" 2>/dev/null >/dev/kmsg || echo "mountroot: $*" >&2; }
refuse() { say "script refused: $*"; exit 5; }

${plan.steps.some(({ action }) => action.kind === 'switch-root') ? `[ $$ -eq 1 ] || refuse 'only process 1 can leave an initramfs; run it with exec from /init'` : `[ -n "$PREINIT" ] || [ -e /tmp/.preinit ] || refuse 'this is not the early boot, PREINIT is not set'`}
${deviceCheck(plan.rests.device)}
if grep -q '^overlayfs:/overlay / ' /proc/mounts; then say '/ already is the overlay'; exit 0; fi

undo() {
  left=
${undoLines(plan.steps).join('\n')}
  [ -z "$left" ]
}

fail() {
  say "script failed at step $at"
  if undo; then say 'everything was taken back, the root is as before'; else say 'not everything could be taken back'; fi
  exit 1
}

${body.join('\n\n')}

say ${quote(`/ is ${plan.summary}`)}
exit 0
`;
}
