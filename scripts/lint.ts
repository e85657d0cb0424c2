/**
 * `npm run lint`: checks format, lint rules, import rules, unused exports, shell and C. Each check
 * has its own tool, and all tools run at once. For each tool with findings, it prints what to do.
 * `npm run format` (`--fix`) corrects everything that the tools can correct.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './lib/run.js';
import { checkout, main, say } from './lib/report.js';
import type { Count } from './lib/tap-count.js';

interface Check {
  name: string;
  /** The program and its arguments. */
  command: string[];
  /** The command that corrects the findings that the tool can correct. */
  fix?: string[];
  /** How to correct its findings. */
  cure: string;
}

/** The boards' scripts have no file ending; their first line tells their type. */
const isShell = (file: string): boolean =>
  file.endsWith('.sh') ||
  /^#(!.*\b(?:ba|da)?sh\b| shellcheck shell=)/.test(readFileSync(join(checkout, file), 'utf8'));

const FOLDERS = ['.ci', 'board', 'native', 'scripts', 'test'];

/** The files in git of the folders with shell or C. */
async function tracked(): Promise<string[]> {
  const list = await run('git', ['ls-files', '-z', '--', ...FOLDERS], { cwd: checkout });
  return list.split('\0').filter((file) => file !== '' && !file.startsWith('test/golden/'));
}

const program = (name: string): string => join('node_modules', '.bin', name);

/** The cache in which a tool remembers the files that it has checked. */
const cacheOf = (name: string): string => join('node_modules', '.cache', name);

async function checks(): Promise<Check[]> {
  const files = await tracked();
  const shell = files.filter((file) => /(^|\/)[^.]*$|\.sh$/.test(file) && isShell(file));
  const c = files.filter((file) => /\.[ch]$/.test(file));
  const eslint = [program('eslint'), '.', '--cache', '--cache-strategy=content'];
  const eslintCache = `--cache-location=${cacheOf('eslint')}`;
  const prettier = [program('prettier'), '.', '--log-level=warn', '--cache'];
  const prettierCache = `--cache-location=${cacheOf('prettier.json')}`;
  return [
    {
      name: 'prettier',
      command: [...prettier, prettierCache, '--check'],
      fix: [...prettier, prettierCache, '--write'],
      cure: 'npm run format',
    },
    {
      name: 'eslint',
      command: [...eslint, eslintCache],
      fix: [...eslint, eslintCache, '--fix'],
      cure: 'npm run format mends some of it; the rules are in eslint.config.js',
    },
    {
      name: 'dependency-cruiser',
      command: [
        ...[program('depcruise'), 'src', 'scripts', 'test'],
        ...['--config', '.dependency-cruiser.js'],
      ],
      cure: 'move what is shared to a lower room; the rooms are in .dependency-cruiser.js',
    },
    {
      name: 'knip',
      command: [program('knip'), '--no-progress'],
      cure: 'remove what nobody imports, or its export',
    },
    { name: 'shellcheck', command: ['shellcheck', '-x', ...shell], cure: 'mend what it names' },
    {
      name: 'clang-format',
      command: ['clang-format', '--dry-run', '--Werror', ...c],
      fix: ['clang-format', '-i', ...c],
      cure: 'npm run format',
    },
  ];
}

/**
 * Runs one tool. If it finds something, prints its output and the cure. Returns true if it finds
 * nothing.
 */
async function isClean({ name, command, cure }: Check): Promise<boolean> {
  const [tool, ...words] = command;
  const child = spawn(tool!, words, { cwd: checkout, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => output.push(chunk));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status === 0) return true;
  process.stderr.write(Buffer.concat(output));
  say(`lint: ${name} found the above; ${cure}`);
  return false;
}

/** Runs all tools at once. Each counts as one test. */
export async function lint(): Promise<Count> {
  say('lint: prettier, eslint, import rules, unused exports, shell, C');
  const results = await Promise.all((await checks()).map(isClean));
  const passed = results.filter(Boolean).length;
  return { passed, failed: results.length - passed, skipped: 0 };
}

async function fix(): Promise<void> {
  for (const check of await checks())
    if (check.fix) await isClean({ ...check, command: check.fix });
}

if (process.argv[1]?.endsWith('lint.ts') === true)
  await main(async () => {
    if (process.argv.includes('--fix')) return await fix();
    const { passed, failed } = await lint();
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
    return failed > 0 ? 1 : 0;
  });
