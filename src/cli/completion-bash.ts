/**
 * The completion script for bash. It is static, because running Node for each completion would take
 * a second on a board.
 */
import { withGlobal } from './global-options.js';
import { argumentOf, choicesOf, dashed, namesOf, sortedTable, takesPath } from './spelling.js';
import {
  isGroup,
  type OptionRow,
  type PositionalRow,
  type VerbGroup,
  type VerbRow,
  type VerbTable,
} from './verb-row.js';

/**
 * The words that lead to a verb, such as `ramdisk pack`, and the words that may follow; '' is the
 * top.
 */
interface CompletionPlace {
  path: string;
  options: [name: string, row: OptionRow][];
  positionals: [name: string, row: PositionalRow][];
  verbs: readonly (VerbRow | VerbGroup)[];
}

function placesOf(rows: readonly (VerbRow | VerbGroup)[], above: string): CompletionPlace[] {
  return rows.flatMap((row) => {
    const path = above === '' ? row.name : `${above} ${row.name}`;
    if (!isGroup(row))
      return [
        {
          path,
          options: withGlobal(row.options),
          positionals: Object.entries(row.positionals),
          verbs: [],
        },
      ];
    return [groupPlace(path, row.verbs), ...placesOf(row.verbs, path)];
  });
}

const groupPlace = (path: string, verbs: CompletionPlace['verbs']): CompletionPlace => ({
  path,
  options: withGlobal({}),
  positionals: [],
  verbs,
});

const spelled = ([name, row]: [string, OptionRow]): string[] => namesOf(name, row).map(dashed);

/** In single quotes only the quote itself is special. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const branch = (patterns: readonly string[], body: string): string =>
  `    ${patterns.map(quoted).join('|')}) ${body} ;;`;

/** The completions for a value: words to choose from, files, or nothing. */
function offer(choices: readonly string[], paths: boolean): string {
  if (choices.length > 0) return `words ${choices.join(' ')}`;
  return paths ? 'files' : 'nothing';
}

function offerBranch({ path, options, verbs }: CompletionPlace): string {
  const all = options.flatMap(spelled).join(' ');
  const below = verbs.map(({ name }) => name).join(' ');
  return branch([path], `all=${quoted(all)} verbs=${quoted(below)}`);
}

const valueBranches = ({ path, options }: CompletionPlace): string[] =>
  options.flatMap(([name, row]) => {
    const argument = argumentOf(row);
    if (argument === null) return [];
    const value = offer(choicesOf(row), takesPath(argument));
    return [
      branch(
        spelled([name, row]).map((each) => `${path} ${each}`),
        `value=${quoted(value)}`,
      ),
    ];
  });

const positionalBranches = ({ path, positionals }: CompletionPlace): string[] =>
  positionals.map(([, row], index) => {
    const value = offer(choicesOf(row), 'completes' in row && row.completes === 'paths');
    const place = row.type === 'repeated' ? '*' : index;
    return `    ${quoted(`${path} `)}${place}) value=${quoted(value)} ;;`;
  });

export function bashCompletion(table: VerbTable, version: string): string {
  const sorted = sortedTable(table);
  const places = [groupPlace('', sorted), ...placesOf(sorted, '')];
  const offers = places.map(offerBranch);
  const values = places.flatMap(valueBranches);
  const positionals = places.flatMap(positionalBranches);
  return `# bash completion for mountroot ${version}: \`mountroot completion bash\` prints it.

# Sets \`all\` and \`verbs\`: the options and the verbs that may stand behind the verb $1.
_mountroot_at() {
  all='' verbs=''
  case $1 in
${offers.join('\n')}
  esac
}

# Sets \`value\`: what stands behind the option $2 of the verb $1; fails where nothing does.
_mountroot_option() {
  value=
  case "$1 $2" in
${values.join('\n')}
    *) return 1 ;;
  esac
}

# Sets \`value\`: what stands in the place number $2 of the verb $1.
_mountroot_place() {
  value=nothing
  case "$1 $2" in
${positionals.join('\n')}
  esac
}

_mountroot() {
  local cur=\${COMP_WORDS[COMP_CWORD]} verb='' option='' place=0 all verbs value word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # bash takes \`--format=json\` for three words.
    if [[ -n $option ]]; then [[ $word = '=' ]] || option=''; continue; fi
    _mountroot_at "$verb"
    if [[ $word = -* ]]; then
      if _mountroot_option "$verb" "$word"; then option=$word; fi
    elif [[ " $verbs " = *" $word "* ]]; then verb=\${verb:+$verb }$word
    else ((place += 1)); fi
  done
  [[ $cur = '=' ]] && cur=''
  _mountroot_at "$verb"
  if [[ -n $option ]]; then _mountroot_option "$verb" "$option"
  elif [[ $cur = -* ]]; then value="words $all"
  elif [[ -n $verbs ]]; then value="words $verbs"
  else _mountroot_place "$verb" "$place"; fi
  case $value in
    words*) mapfile -t COMPREPLY < <(compgen -W "\${value#words}" -- "$cur") ;;
    files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
  esac
}

complete -F _mountroot mountroot mount_root
`;
}
