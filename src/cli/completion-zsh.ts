/** The completion script for zsh. It is static, like the one for bash. */
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

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** In a specification of _arguments and _describe colons and brackets have a meaning. */
const plain = (text: string): string => text.replace(/[[\]:\\]/g, (each) => `\\${each}`);

function action(choices: readonly string[], paths: boolean): string {
  if (choices.length > 0) return `(${choices.join(' ')})`;
  return paths ? '_files' : ' ';
}

function optionSpecs([name, row]: [string, OptionRow]): string[] {
  const argument = argumentOf(row);
  const value =
    argument === null ? '' : `:${plain(argument)}:${action(choicesOf(row), takesPath(argument))}`;
  const joined = (each: string): string => {
    if (argument === null) return '';
    return each.length === 1 ? '+' : '=';
  };
  const star = row.type === 'list' ? '*' : '';
  return namesOf(name, row).map((each) =>
    quoted(`${star}${dashed(each)}${joined(each)}[${plain(row.describe)}]${value}`),
  );
}

function positionalSpec([name, row]: [string, PositionalRow]): string {
  const paths = 'completes' in row && row.completes === 'paths';
  const star = row.type === 'repeated' ? '*' : '';
  const colons = row.type === 'optional' ? '::' : ':';
  return quoted(`${star}${colons}${plain(name)}:${action(choicesOf(row), paths)}`);
}

const functionName = (path: readonly string[]): string =>
  `_mountroot${path.map((word) => `_${word.replaceAll('-', '_')}`).join('')}`;

const specLines = (specs: readonly string[]): string =>
  specs.map((spec) => `    ${spec}`).join(' \\\n');

function verbFunction(path: readonly string[], { options, positionals }: VerbRow): string {
  const specs = [
    ...withGlobal(options).flatMap(optionSpecs),
    ...Object.entries(positionals).map(positionalSpec),
  ];
  return `${functionName(path)}() {\n  _arguments -s -S \\\n${specLines(specs)}\n}`;
}

/** The functions of the verbs after some words, and one that chooses among them. */
function groupFunctions(
  path: readonly string[],
  verbs: readonly (VerbRow | VerbGroup)[],
): string[] {
  const described = verbs.map(({ name, summary }) => `    ${quoted(`${name}:${plain(summary)}`)}`);
  const cases = verbs.map(({ name }) => `        ${name}) ${functionName([...path, name])} ;;`);
  const below = verbs.flatMap((row) => {
    const words = [...path, row.name];
    return isGroup(row) ? groupFunctions(words, row.verbs) : [verbFunction(words, row)];
  });
  return [
    ...below,
    `${functionName(path)}() {
  local curcontext=$curcontext state line
  local -a verbs=(
${described.join('\n')}
  )
  typeset -A opt_args
  _arguments -C -S \\
${specLines(withGlobal({}).flatMap(optionSpecs))} \\
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

/** The last line of the script: sourced, it only defines the function. */
const CALL =
  'if [[ $funcstack[1] = _mountroot ]]; then _mountroot "$@"; ' +
  'else compdef _mountroot mountroot mount_root; fi';

export const zshCompletion = (table: VerbTable, version: string): string =>
  `#compdef mountroot mount_root
# zsh completion for mountroot ${version}: \`mountroot completion zsh\` prints it.

${groupFunctions([], sortedTable(table)).join('\n\n')}

# In a folder of fpath it is the function itself; read with \`source\` it is only defined.
${CALL}
`;
