/**
 * A bash completion script made from the definitions. It is static: to ask Node at each press of
 * the key would take a second on a board.
 */
import type { Definitions, OptionDefinition, VerbDefinition } from './definitions.js';

/** A verb with the words that lead to it, `ramdisk pack`; '' is the top. */
interface CompletionPlace {
  path: string;
  verb: VerbDefinition | null;
}

const placesOf = (verbs: readonly VerbDefinition[], above: string): CompletionPlace[] =>
  verbs.flatMap((verb) => {
    const path = above === '' ? verb.name : `${above} ${verb.name}`;
    return [{ path, verb }, ...placesOf(verb.verbs, path)];
  });

const spelled = ({ name, aliases }: OptionDefinition): string[] =>
  [name, ...aliases].map((each) => (each.length === 1 ? `-${each}` : `--${each}`));

/** In single quotes nothing has a meaning but the quote itself. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const branch = (patterns: readonly string[], body: string): string =>
  `    ${patterns.map(quoted).join('|')}) ${body} ;;`;

/** What may stand for a value: words to choose from, a file, or something that nobody can guess. */
const offer = (choices: readonly string[], argument: string | null): string =>
  choices.length > 0
    ? `words ${choices.join(' ')}`
    : argument === 'FILE' || argument === 'DIR' || argument === 'PATH'
      ? 'files'
      : 'nothing';

/** Of a positional whose name tells that it is one. */
const isFile = (name: string): boolean => /file|dir|path|archive|image|root|init/i.test(name);

export function bashCompletion({ version, options, verbs }: Definitions): string {
  const places: CompletionPlace[] = [{ path: '', verb: null }, ...placesOf(verbs, '')];
  const optionsAt = ({ verb }: CompletionPlace): OptionDefinition[] => [
    ...(verb?.options ?? []),
    ...options,
  ];
  const below = ({ verb }: CompletionPlace): readonly VerbDefinition[] =>
    verb === null ? verbs : verb.verbs;
  const offers = places.map((place) =>
    branch(
      [place.path],
      `all=${quoted(optionsAt(place).flatMap(spelled).join(' '))} verbs=${quoted(
        below(place)
          .map(({ name }) => name)
          .join(' '),
      )}`,
    ),
  );
  const values = places.flatMap((place) =>
    optionsAt(place).flatMap((option) =>
      option.argument === null
        ? []
        : [
            branch(
              spelled(option).map((each) => `${place.path} ${each}`),
              `value=${quoted(offer(option.choices, option.argument))}`,
            ),
          ],
    ),
  );
  const positionals = places.flatMap(({ path, verb }) =>
    (verb?.positionals ?? []).map(
      ({ name, choices, repeated }, index) =>
        `    ${quoted(`${path} `)}${repeated ? '*' : index}) value=${quoted(choices.length > 0 ? `words ${choices.join(' ')}` : isFile(name) ? 'files' : 'nothing')} ;;`,
    ),
  );
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
