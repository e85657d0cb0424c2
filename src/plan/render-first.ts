/**
 * The script that makes the root before the agent: the plan that was foreseen when the image was
 * built, behind guards that see to it that the agent would do the same today. It is one process
 * that forks only for what a shell cannot do itself, writes down each step with its time, and takes
 * everything back at whatever is not as it was planned for.
 */
import type { Facts } from '../facts/facts.js';
import {
  ATTEMPTS,
  JOURNAL_FOLDER,
  SCRIPT_AFTER,
  SCRIPT_BEFORE,
  SCRIPT_LOG,
} from '../facts/places.js';
import { inverseOf } from './consequences.js';
import { planStages, whole } from './whole-plan.js';
import { guardsOf, type Guard, type GuardedFact } from './guards.js';
import type { Plan } from './plan.js';
import { commandOf, comment, isThere, quote } from './render-sh.js';
import type { Action, Step } from '../steps/step.js';
import type { PathKind } from '../system/port.js';

const IS: Partial<Record<PathKind, (word: string) => string>> = {
  missing: (word) => `{ [ ! -e ${word} ] && [ ! -h ${word} ]; }`,
  directory: (word) => `{ [ -d ${word} ] && [ ! -h ${word} ]; }`,
  file: (word) => `{ [ -f ${word} ] && [ ! -h ${word} ]; }`,
  symlink: (word) => `[ -h ${word} ]`,
  block: (word) => `[ -b ${word} ]`,
  character: (word) => `[ -c ${word} ]`,
  fifo: (word) => `[ -p ${word} ]`,
  socket: (word) => `[ -S ${word} ]`,
};

const isOneOf = (path: string, kinds: readonly PathKind[]): string =>
  kinds.map((kind) => IS[kind]!(quote(path))).join(' || ') || 'false';

/**
 * The bytes as a word between $'…', which the shell's own `read` is compared with: no process for
 * two bytes.
 */
const bytes = (values: readonly number[]): string =>
  `$'${values.map((value) => `\\${value.toString(8).padStart(3, '0')}`).join('')}'`;

/** A command whose status says whether a look gave what it should. */
const LOOK: { [K in GuardedFact['kind']]: (look: Extract<GuardedFact, { kind: K }>) => string } = {
  words: ({ is }) => `[ "$words" = ${quote(is)} ]`,
  types: ({ is }) => `[ "$types" = ${quote(is)} ]`,
  partitions: ({ is }) => `[ "$partitions" = ${quote(is)} ]`,
  mounts: ({ is }) => `[ "$mounts" = ${quote(is)} ]`,
  path: ({ path, kinds }) => isOneOf(path, kinds),
  begins: ({ device, signatures }) => {
    const [{ offset, bytes: first }] = signatures as [(typeof signatures)[number]];
    const length = first.length;
    // The shell's `read` drops zeros, so it is for signatures without them, at the beginning.
    const plain = signatures.every(
      (each) =>
        each.offset === 0 &&
        each.bytes.length === length &&
        !each.bytes.some((byte) => byte === 0 || byte === 10),
    );
    if (plain)
      return `{ IFS= read -r -n ${length} head <${quote(device)}; case $head in ${signatures.map((each) => bytes(each.bytes)).join(' | ')}) ;; *) false ;; esac; }`;
    return `[ "$(od -A n -v -t x1 -j ${offset} -N ${length} ${quote(device)})" = ${quote(first.map((byte) => ` ${byte.toString(16).padStart(2, '0')}`).join(''))} ]`;
  },
  attempts: ({ path, limit }) =>
    `read_attempts ${quote(path)}${limit > 0 ? ` && [ "\${attempts:-0}" -lt ${limit} ]` : ''}`,
  link: ({ path, targets }) =>
    `[ -h ${quote(path)} ] && state=$(readlink ${quote(path)}) && case $state in ${targets.map(quote).join(' | ') || "''"}) ;; *) false ;; esac`,
};

const guardLine = ({ look, says }: Guard): string =>
  `{ ${(LOOK[look.kind] as (look: GuardedFact) => string)(look)}; } || refuse ${quote(says)}`;

/**
 * The count goes up from what it was; what the plan has is what it would be behind a start that was
 * confirmed.
 */
const isCount = (action: Action): action is Extract<Action, { kind: 'write' }> =>
  action.kind === 'write' && action.path.endsWith(`/${ATTEMPTS}`);

/**
 * Written beside and moved, as every note of ours; nothing is removed that is not there, for each
 * command is a process.
 */
const replaced = (path: string, text: string): string =>
  `{ [ ! -e ${quote(`${path}.next`)} ] || rm -f ${quote(`${path}.next`)}; } && echo "${text}" >${quote(`${path}.next`)} && sync && mv -f ${quote(`${path}.next`)} ${quote(path)}`;

/** What does the step's work. */
function work(action: Action): string {
  if (isCount(action)) return replaced(action.path, '$((${attempts:-0} + 1))');
  // Most often there is nothing to be removed.
  if (action.kind === 'remove-tree')
    return `{ [ ! -e ${quote(action.path)} ] && [ ! -h ${quote(action.path)} ]; } || ${commandOf(action)}`;
  // noclobber is the shell's O_EXCL, and does not follow a symlink that somebody put there.
  if (action.kind === 'write-probe')
    return `{ [ ! -f ${quote(action.path)} ] || rm -f ${quote(action.path)}; } && set -C && echo mountroot >${quote(action.path)}; result=$?; set +C; [ $result -eq 0 ]`;
  return commandOf(action);
}

/** Where /proc and the kernel's log are to be found behind a step. */
function moved(action: Action): string[] {
  if (action.kind === 'move' && action.from === '/proc') return [`proc=${quote(action.to)}`];
  if (action.kind === 'move' && action.from === '/dev') return [`dev=${quote(action.to)}`];
  return action.kind === 'pivot-root' ? ['proc=/proc dev=/dev'] : [];
}

function stepLines({ id, action, why }: Step, number: number, pivoted: boolean): string {
  const otherwise = pivoted ? 'note failed' : 'fail';
  const does =
    action.kind === 'mkdir'
      ? `if ${isThere(action)}; then note kept; elif ${commandOf(action)}; then made${number}=1; note done; else ${otherwise}; fi`
      : `if ${work(action)}; then note done; else ${otherwise}; fi`;
  return [
    comment(why),
    `n=${number} id=${quote(id)}`,
    ...(action.kind === 'pivot-root'
      ? [does.replace('note done', `${moved(action).join('; ')}; note done`)]
      : [does, ...moved(action)]),
  ].join('\n');
}

/**
 * Undoing, last first; the step that failed is not done. Of the count is put back what it was,
 * because the agent that comes next counts this start itself.
 */
function undoLines(steps: readonly Step[]): string[] {
  const pivot = steps.findIndex(({ action }) => action.kind === 'pivot-root');
  return steps
    .slice(0, pivot)
    .flatMap(({ action }, index) => {
      const done =
        action.kind === 'mkdir' ? `[ -n "$made${index + 1}" ]` : `[ "$n" -gt ${index + 1} ]`;
      if (isCount(action))
        return [
          `  if ${done}; then if [ -n "$attempts" ]; then ${replaced(action.path, '$attempts')}; else rm -f ${quote(action.path)}; fi || left=1; fi`,
        ];
      const inverse = inverseOf(action);
      return inverse === null ? [] : [`  if ${done}; then ${commandOf(inverse)} || left=1; fi`];
    })
    .reverse();
}

const HEAD = `# Exit status: 0 done, 1 failed, 5 refused. Behind 1 and 5 the root is as it was, and the agent, which can do more, is to make it.

set -f
n=0 id=looks attempts= state= left= proc=/proc dev=/dev

say() { if [ -c $dev/kmsg ]; then echo "<$1>mountroot: $2" >$dev/kmsg; else echo "$2"; fi; }
# A clock without one, where the shell has none, is the kernel's, in hundredths of a second.
now() { clock=$EPOCHREALTIME; [ -n "$clock" ] || read -r clock rest <$proc/uptime; }
note() { now; echo "step $clock $n $id $1"; if [ -c $dev/kmsg ]; then echo "<7>mountroot: step $n/$of $id: $1" >$dev/kmsg; fi; }
end() { now; echo "end $clock $1 $2"; }
# Taking back what was done leaves a root that the agent can begin with.
refuse() {
  say 4 "script refused: $1; the agent makes the root"
  if [ $n -gt 0 ]; then n=$((n + 1)); undo; fi
  end refused "$1\${left:+ (and not everything could be taken back)}"
  [ -z "$left" ] || exit 1
  exit 5
}
fail() {
  note failed
  undo
  if [ -z "$left" ]; then taken='everything was taken back'; else taken='not everything could be taken back'; fi
  say 4 "script failed at step $n/$of ($id), $taken; the agent makes the root"
  end failed "step $id, $taken"
  exit 1
}
# As the agent reads it: a number of at most six digits and nothing else.
read_attempts() {
  if [ ! -e "$1" ] && [ ! -h "$1" ]; then return 0; fi
  more=
  { [ -f "$1" ] && [ ! -h "$1" ] && { read -r attempts && ! read -r more && [ -z "$more" ]; } <"$1"; } || return 1
  case $attempts in 0 | [1-9] | [1-9][0-9] | [1-9][0-9][0-9] | [1-9][0-9][0-9][0-9]) ;; *) return 1 ;; esac
}`;

/** One process reads all of /proc that is looked at; the shell takes it apart. */
const gathering = ({
  mtd,
}: Facts): string => `seen=$(cat /proc/cmdline ${mtd.length > 0 ? '/proc/mtd ' : ''}/proc/filesystems /proc/self/mountinfo) || refuse 'what is in /proc cannot be read'
part=first words= types= partitions= mounts= raw=
IFS='
'
for line in $seen; do
  unset IFS
  case $part$line in
    first*)
      part=rest
      for word in $line; do
        case $word in
          mountroot.first=agent | mountroot.first=script) ;;
          *mountroot.* | *fstools_overlay_name* | *\\"*) words="$words$word " ;;
        esac
      done ;;
    restmtd*) partitions="$partitions$line;" ;;
    restnodev* | 'rest	'*) types="$types\${line##*	} " ;;
    rest[0-9]*)
      raw="$raw$line
"
      set -- $line
      mounts="$mounts$4 $5"
      shift 6
      while [ $# -gt 0 ] && [ "$1" != - ]; do mounts="$mounts $1"; shift; done
      mounts="$mounts $2 $3;" ;;
  esac
done`;

const render = (
  plan: Plan,
  facts: Facts,
  before: readonly Guard[],
  opened: readonly Guard[],
  steps: readonly [readonly Step[], readonly Step[]],
): string => {
  const all = plan.steps;
  const pivot = all.findIndex(({ action }) => action.kind === 'pivot-root');
  const body = all.map((step, index) => stepLines(step, index + 1, index > pivot));
  const first = steps[0].length;
  return `#!/bin/sh
${comment(`Makes ${plan.summary}, before the agent, where all is as it was when this was planned.`)}
# Written by: mountroot plan start --format sh --guarded. Needs busybox only.
${HEAD.replaceAll('$of', String(all.length))}

undo() {
${undoLines(all).join('\n')}
  proc=/proc dev=/dev
}

if [ -z "$PREINIT" ] && [ ! -e /tmp/.preinit ]; then say 4 'script refused: this is not the early boot, PREINIT is not set'; exit 5; fi
umask 022
# It is made once in a boot, by whoever comes first.
mkdir -m 0755 ${JOURNAL_FOLDER} || { say 4 "script refused: mountroot was at work in this boot already, or cannot write to /tmp; the agent makes the root"; exit 5; }
exec >${SCRIPT_LOG} 2>&1
read -r uptime rest </proc/uptime
now
echo "begin $clock $uptime"

${gathering(facts)}
${before.map(guardLine).join('\n')}
printf %s "$raw" >${SCRIPT_BEFORE}
now
echo "looked $clock"

${body.slice(0, first).join('\n\n')}

${opened.map(guardLine).join('\n')}
now
echo "found $clock attempts=\${attempts:-0} state=$state"

${body.slice(first).join('\n\n')}

cat /proc/self/mountinfo >${SCRIPT_AFTER}
say 6 ${quote(`/ is ${plan.summary}, made by the script`)}
end made
exit 0
`;
};

/** @returns the script, or why there can be none for these facts, a sentence each. */
export function firstScript(facts: Facts): { script: string } | { never: string[] } {
  const { stages, never } = planStages('start', facts, { dryRun: true, force: false });
  const [open, root] = stages;
  if (never !== null) return { never: [never.summary] };
  const plan = whole(stages);
  if (
    open === undefined ||
    root === undefined ||
    stages.length !== 2 ||
    open.plan.stage !== 'open' ||
    root.plan.stage !== 'root'
  )
    return {
      never: [
        `a start has the stages ${stages.map(({ plan: { stage } }) => stage).join(', ')}, and a script only those of opening the volume and making the root`,
      ],
    };
  if (plan.rung !== 'persistent' || plan.reason !== null)
    return {
      never: [
        `the root would be on rung ${plan.rung}${plan.because === null ? '' : `: ${plan.because}`}`,
      ],
    };
  const guards = guardsOf([open, root]);
  const cannot = plan.steps
    .filter(({ action }) => commandOf(action).includes('cannot '))
    .map(({ id }) => `step ${id} has no form in the shell`);
  if (!plan.steps.some(({ action }) => action.kind === 'pivot-root'))
    cannot.push('no pivot_root(2) is planned');
  const troubles = [...guards.never, ...cannot];
  return troubles.length > 0
    ? { never: troubles }
    : {
        script: render(plan, facts, guards.before, guards.opened, [
          open.plan.steps,
          root.plan.steps,
        ]),
      };
}
