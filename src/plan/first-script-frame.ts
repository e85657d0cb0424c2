/**
 * The parts that every script that goes first has in common. A backslash at the end of a line joins
 * it with the next one, here as in the shell.
 */
import { FAILSAFE_MARK, PREINIT_MARK } from '../facts/gather.js';
import { TMP_RECORDS, SCRIPT_LOG } from '../facts/places.js';

/** The functions that the rest of the script calls. @param count how many steps the script has. */
export const functions = (count: number): string =>
  `# Exit status: 0 done, 1 failed, 5 refused. After 1 and 5 the root is as it was, \
and the agent makes it, because it can do more.

set -f
n=0 id=looks attempts= state= left= proc=/proc dev=/dev

say() { if [ -c $dev/kmsg ]; then echo "<$1>mountroot: $2" >$dev/kmsg; else echo "$2"; fi; }
# The time; where the shell has no clock, seconds since the kernel started.
now() { clock=$EPOCHREALTIME; [ -n "$clock" ] || read -r clock rest <$proc/uptime; }
note() { now; echo "step $clock $n $id $1"; \
if [ -c $dev/kmsg ]; then echo "<7>mountroot: step $n/${count} $id: $1" >$dev/kmsg; fi; }
end() { now; echo "end $clock $1 $2"; }
# After everything is undone the agent can begin with the root.
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
  if [ -z "$left" ]; then taken='everything was taken back'; \
else taken='not everything could be taken back'; fi
  say 4 "script failed at step $n/${count} ($id), $taken; the agent makes the root"
  end failed "step $id, $taken"
  exit 1
}
# A number of at most four digits and nothing else; the agent takes longer ones too.
read_attempts() {
  if [ ! -e "$1" ] && [ ! -h "$1" ]; then return 0; fi
  more=
  { [ -f "$1" ] && [ ! -h "$1" ] && \
{ read -r attempts && ! read -r more && [ -z "$more" ]; } <"$1"; } || return 1
  case $attempts in 0 | [1-9] | [1-9][0-9] | [1-9][0-9][0-9] | \
[1-9][0-9][0-9][0-9]) ;; *) return 1 ;; esac
}
# Any line with the target / or /overlay counts, because a shell cannot parse the file.
no_extroot() {
  if [ ! -e "$1" ] && [ ! -h "$1" ]; then return 0; fi
  [ -f "$1" ] && [ ! -h "$1" ] || return 1
  while read -r line || [ -n "$line" ]; do
    case $line in
      *target*/overlay* | *target*/ | *target*/[\\'\\"\\;\\#\\ ]* | *target*/"	"*) return 1 ;;
    esac
  done <"$1"
  unset line
}`;

/** One process reads all files of /proc that the checks need, and the shell parses them. */
export const gathering = (hasMtd: boolean): string =>
  `seen=$(cat /proc/cmdline ${hasMtd ? '/proc/mtd ' : ''}/proc/filesystems \
/proc/self/mountinfo) || refuse 'what is in /proc cannot be read'
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

/** A mark of the early boot counts only if root made it: a file of root's, and no link to one. */
export const IS_MARKED = ['-f', '! -h', '-O']
  .map((test) => `[ ${test} ${PREINIT_MARK} ]`)
  .join(' && ');

/** Checks that this is the moment, and begins the record that the agent reads afterwards. */
export const BEGINNING = `if [ -z "$PREINIT" ] && ! { ${IS_MARKED}; }; then \
say 4 'script refused: this is not the early boot, PREINIT is not set'; exit 5; fi
if [ "$FAILSAFE" = true ] || [ -e ${FAILSAFE_MARK} ]; then \
say 4 'script refused: this is failsafe mode, which the agent knows'; exit 5; fi
read -r uptime rest </proc/uptime || { say 4 'script refused: /proc/uptime cannot be read; \
the agent makes the root'; exit 5; }
umask 022
# Script and agent make this folder, and only the first of them in a boot can.
mkdir -m 0755 ${TMP_RECORDS} || { say 4 "script refused: mountroot was at work in this boot \
already, or cannot write to /tmp; the agent makes the root"; exit 5; }
exec >${SCRIPT_LOG} 2>&1
now
echo "begin $clock $uptime"`;
