/**
 * `npm run house`: prints figures of the code: complexity, and length of lines, files and
 * functions. ESLint measures them, and `npm run lint` enforces the limits of eslint.config.js.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ESLint } from 'eslint';
import { parser } from 'typescript-eslint';
import { checkout, main } from './lib/report.js';

/** One function, with the name that ESLint gives it. */
interface Measured {
  file: string;
  line: number;
  name: string;
  lines: number;
  complexity: number;
}

const FOLDERS = ['src', 'scripts', 'test'];
const SIMPLE = [10, 15];
const COLUMNS = 100;
const LONG_FILES = [250, 400];

/** The figure and the name in ESLint's messages: "Function 'x' has too many lines (7)". */
const figure = (message: string): number =>
  Number(/\((\d+)\)|complexity of (\d+)/.exec(message)?.slice(1).find(Boolean));
const named = (message: string): string =>
  /'([^']+)'/.exec(message)?.[1] ?? 'a function without a name';

async function measure(folder: string): Promise<Measured[]> {
  const eslint = new ESLint({
    cwd: checkout,
    overrideConfigFile: true,
    allowInlineConfig: false,
    overrideConfig: {
      files: ['**/*.ts'],
      languageOptions: { parser },
      rules: {
        complexity: ['error', 0],
        'max-lines-per-function': ['error', { max: 0, IIFEs: true }],
      },
    },
  });
  const found = new Map<string, Measured>();
  for (const { filePath, messages } of await eslint.lintFiles([`${folder}/**/*.ts`]))
    for (const { ruleId, message, line } of messages) {
      const file = relative(checkout, filePath);
      const key = `${file}:${line}:${named(message)}`;
      const one = found.get(key) ?? { file, line, name: named(message), lines: 0, complexity: 0 };
      found.set(key, {
        ...one,
        [ruleId === 'complexity' ? 'complexity' : 'lines']: figure(message),
      });
    }
  return [...found.values()];
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

function lengths(files: readonly string[]): string {
  const pages = files.map((file) =>
    readFileSync(join(checkout, file), 'utf8').trimEnd().split('\n'),
  );
  const lines = pages.flat();
  const long = lines.filter((line) => line.length > COLUMNS).length;
  const past = LONG_FILES.map(
    (most) => `${pages.filter((page) => page.length > most).length} past ${most}`,
  );
  const columns = `${long} (${percent(long, lines.length)}) over ${COLUMNS} columns`;
  return `${files.length} files, ${lines.length} lines; ${columns}; files: ${past.join(', ')}`;
}

function largest(functions: readonly Measured[]): string {
  const line = ({ file, line, name, lines, complexity }: Measured): string =>
    `  ${String(lines).padStart(4)} lines, complexity ${String(complexity).padStart(2)}: ` +
    `${name} (${file}:${line})\n`;
  const sorted = functions.toSorted((one, other) => other.lines - one.lines);
  return sorted.slice(0, 10).map(line).join('');
}

/** The figures of each folder, and the largest ten functions of src. */
export async function house(): Promise<string> {
  let text = '';
  for (const folder of FOLDERS) {
    const functions = await measure(folder);
    const files = [...new Set(functions.map(({ file }) => file))];
    const complex = SIMPLE.map(
      (most) => `${functions.filter((one) => one.complexity > most).length} over ${most}`,
    );
    text += `${folder}: ${lengths(files)}; ${functions.length} functions, `;
    text += `complexity: ${complex.join(', ')}\n`;
    if (folder === 'src') text += largest(functions);
  }
  return text;
}

if (process.argv[1]?.endsWith('house.ts') === true)
  await main(async () => void process.stdout.write(await house()));
