/**
 * `npm run house`: how the code is kept, in figures: complexity, length of lines, files and
 * functions. ESLint measures; its limits (eslint.config.js) are what `npm run lint` holds to.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ESLint } from 'eslint';
import { parser } from 'typescript-eslint';
import { checkout, main } from './lib/report.js';

/** One function, as ESLint names it. */
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

/** The figure and the name in a message of ESLint's, such as "Function 'x' has too many lines (7)". */
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
  return `${files.length} files, ${lines.length} lines; ${long} (${percent(long, lines.length)}) over ${COLUMNS} columns; files: ${past.join(', ')}`;
}

await main(async () => {
  for (const folder of FOLDERS) {
    const functions = await measure(folder);
    const files = [...new Set(functions.map(({ file }) => file))];
    const complex = SIMPLE.map(
      (most) => `${functions.filter((one) => one.complexity > most).length} over ${most}`,
    );
    process.stdout.write(
      `${folder}: ${lengths(files)}; ${functions.length} functions, complexity: ${complex.join(', ')}\n`,
    );
    if (folder !== 'src') continue;
    const largest = [...functions].sort((one, other) => other.lines - one.lines).slice(0, 10);
    for (const { file, line, name, lines, complexity } of largest)
      process.stdout.write(
        `  ${String(lines).padStart(4)} lines, complexity ${String(complexity).padStart(2)}: ${name} (${file}:${line})\n`,
      );
  }
});
