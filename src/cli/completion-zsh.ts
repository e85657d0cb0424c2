/** A zsh completion script made from the definitions; static, as the one for bash. */
import {
  NAMED,
  type Definitions,
  type OptionDefinition,
  type PositionalDefinition,
  type VerbDefinition,
} from './definitions.js';

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** In a specification of _arguments and _describe colons and brackets have a meaning. */
const plain = (text: string): string => text.replace(/[[\]:\\]/g, (each) => `\\${each}`);

const action = (choices: readonly string[], files: boolean): string =>
  choices.length > 0 ? `(${choices.join(' ')})` : files ? '_files' : ' ';

function optionSpecs({
  name,
  aliases,
  describe,
  argument,
  choices,
  repeated,
}: OptionDefinition): string[] {
  const names = [name, ...aliases];
  const about = describe.replace(NAMED, '');
  const value =
    argument === null
      ? ''
      : `:${plain(argument)}:${action(choices, ['FILE', 'DIR', 'PATH'].includes(argument))}`;
  return names.map((each) => {
    const spelled = each.length === 1 ? `-${each}` : `--${each}`;
    const joined = argument === null ? '' : each.length === 1 ? '+' : '=';
    return quoted(`${repeated ? '*' : ''}${spelled}${joined}[${plain(about)}]${value}`);
  });
}

const positionalSpec = ({ name, choices, required, repeated }: PositionalDefinition): string =>
  quoted(
    `${repeated ? '*' : ''}${required || repeated ? ':' : '::'}${plain(name)}:${action(choices, /file|dir|path|archive|image|root|init/i.test(name))}`,
  );

const functionOf = (path: readonly string[]): string =>
  `_mountroot${path.map((word) => `_${word.replaceAll('-', '_')}`).join('')}`;

function functions(
  path: readonly string[],
  verb: Pick<VerbDefinition, 'options' | 'positionals' | 'verbs'>,
  everywhere: readonly OptionDefinition[],
): string[] {
  const specs = [...verb.options, ...everywhere].flatMap(optionSpecs);
  if (verb.verbs.length === 0)
    return [
      `${functionOf(path)}() {\n  _arguments -s -S \\\n${[...specs, ...verb.positionals.map(positionalSpec)].map((spec) => `    ${spec}`).join(' \\\n')}\n}`,
    ];
  const described = verb.verbs.map(
    ({ name, describe }) => `    ${quoted(`${name}:${plain(describe)}`)}`,
  );
  const cases = verb.verbs.map(({ name }) => `        ${name}) ${functionOf([...path, name])} ;;`);
  return [
    ...verb.verbs.flatMap((each) => functions([...path, each.name], each, everywhere)),
    `${functionOf(path)}() {
  local curcontext=$curcontext state line
  local -a verbs=(
${described.join('\n')}
  )
  typeset -A opt_args
  _arguments -C -S \\
${specs.map((spec) => `    ${spec}`).join(' \\\n')} \\
    '1:verb:->verb' '*::argument:->rest'
  case $state in
    verb) _describe verb verbs ;;
    rest)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac
}`,
  ];
}

export function zshCompletion({ version, options, verbs }: Definitions): string {
  return `#compdef mountroot mount_root
# zsh completion for mountroot ${version}: \`mountroot completion zsh\` prints it.

${functions([], { options: [], positionals: [], verbs }, options).join('\n\n')}

# In a folder of fpath it is the function itself; read with \`source\` it is only defined.
if [[ $funcstack[1] = _mountroot ]]; then _mountroot "$@"; else compdef _mountroot mountroot mount_root; fi
`;
}
