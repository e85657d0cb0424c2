import { entersNewRoot, inverseOf, kindOf, type Action, type Step } from '../steps/step.js';
import { IS_MARKED } from './first-script-frame.js';
import { comment, quote } from '../text/shell.js';
import type { Plan } from './plan.js';

/**
 * One action as a command of busybox's sh, whose status says whether it worked. The script defines
 * `cannot`, which fails.
 */
export function commandOf(action: Action): string {
  const form = kindOf(action).shell(action);
  return typeof form === 'string' ? form : `cannot ${quote(form.cannot)}`;
}

/**
 * The command of one step. It sets `made` if the step may be skipped, or if the script continues
 * after its failure. Otherwise the undoing could not tell whether the step was done.
 */
function stepCommand({ action, severity }: Step, number: number, inNewRoot: boolean): string {
  const command = commandOf(action);
  const noted = `{ ${command} && made${number}=1; }`;
  const skips = kindOf(action).shellSkips?.(action);
  if (skips !== undefined) return `${skips} || ${noted}`;
  const mayFail = severity === 'warn' && !inNewRoot;
  return mayFail && inverseOf(action) !== null ? noted : command;
}

function stepLines(step: Step, number: number, inNewRoot: boolean): string {
  const goesOn = step.severity === 'warn' || inNewRoot;
  const otherwise = goesOn ? 'say "step $at failed, going on"' : 'fail';
  return [
    comment(step.why),
    `at=${quote(`${number} (${step.id})`)}; n=${number}`,
    `${stepCommand(step, number, inNewRoot)} || ${otherwise}`,
  ].join('\n');
}

/** The index of the step that makes another root `/`; the number of steps if no step does. */
function entrance(steps: readonly Step[]): number {
  const index = steps.findIndex(({ action }) => entersNewRoot(action));
  return index < 0 ? steps.length : index;
}

/**
 * Undoes the steps, last first. A fatal step was done if the failed step comes after it; the other
 * steps set `made`.
 */
function undoLines(steps: readonly Step[]): string[] {
  return steps
    .slice(0, entrance(steps))
    .flatMap(({ action, severity }, index) => {
      const inverse = inverseOf(action);
      if (inverse === null) return [];
      const number = index + 1;
      const saysSo = severity === 'warn' || kindOf(action).shellSkips !== undefined;
      const done = saysSo ? `[ -n "$made${number}" ]` : `[ "$n" -gt ${number} ]`;
      return [`  if ${done}; then ${commandOf(inverse)} || left=1; fi`];
    })
    .reverse();
}

/** The script was planned for one board, so it looks whether this is the one. */
function deviceCheck(device: Plan['rests']['device']): string {
  if (device === null) return ':';
  const refusal = (board: string): string =>
    `refuse ${quote(`it was planned for a board with ${board}`)}`;
  if (device.kind !== 'mtd') return `[ -e ${quote(device.source)} ] || ${refusal(device.source)}`;
  const hex = (value: number): string => value.toString(16).padStart(8, '0');
  const sizes = `${hex(device.size)} ${hex(device.eraseBlock ?? 0)}`;
  const partition = `${device.name}: ${sizes} "${device.label}"`;
  return `grep -qxF ${quote(partition)} /proc/mtd || ${refusal(partition)}`;
}

/**
 * Checks the moment: only process 1 may run a plan that switches roots, and only preinit may run
 * others.
 */
const momentCheck = (steps: readonly Step[]): string =>
  steps.some(({ action }) => action.kind === 'switch-root')
    ? `[ $$ -eq 1 ] || refuse 'only process 1 can leave an initramfs; run it with exec from /init'`
    : `[ -n "$PREINIT" ] || { ${IS_MARKED}; } || ` +
      `refuse 'this is not the early boot, PREINIT is not set'`;

/**
 * The plan as a script for a board whose Node does not run. The script needs busybox and nothing
 * else; it stops at the first failure and undoes what it did. It was planned for one board, so it
 * first checks that this is the board, and that the root was not switched yet.
 */
export function renderSh({ verb, summary, rests, steps }: Plan): string {
  const last = entrance(steps);
  const body = steps.map((step, index) => stepLines(step, index + 1, index > last));
  return `#!/bin/sh
${comment(`Makes ${summary}.`)}
# Written by: mountroot plan ${verb} --format sh. Needs busybox only.
# Exit status: 0 done, 1 failed and taken back, 5 refused; nothing was touched then.

# Busybox has no command for some steps. At such a step the script fails, and undoes what it did.
cannot() { say "a script cannot $1"; return 1; }
say() { echo "<6>mountroot: $*" 2>/dev/null >/dev/kmsg || echo "mountroot: $*" >&2; }
refuse() { say "script refused: $*"; exit 5; }

${momentCheck(steps)}
${deviceCheck(rests.device)}
if grep -q '^overlayfs:/overlay / ' /proc/mounts; then say '/ already is the overlay'; exit 0; fi

undo() {
  left=
${undoLines(steps).join('\n')}
  [ -z "$left" ]
}

fail() {
  say "script failed at step $at"
  if undo; then say 'everything was taken back, the root is as before'; \
else say 'not everything could be taken back'; fi
  exit 1
}

${body.join('\n\n')}

say ${quote(`/ is ${summary}`)}
exit 0
`;
}
