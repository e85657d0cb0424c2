/** mountroot(8), from the verb table and from the sections below. */
import { exitStatuses } from '../../src/cli/conventions.js';
import { GLOBAL_OPTIONS } from '../../src/cli/global-options.js';
import {
  argumentOf,
  choicesOf,
  dashed,
  namesOf,
  sortedTable,
  usageWords,
} from '../../src/cli/spelling.js';
import {
  isGroup,
  type Example,
  type OptionRow,
  type PositionalRow,
  type VerbGroup,
  type VerbRow,
} from '../../src/cli/verb-row.js';
import { VERB_TABLE } from '../../src/cli/verb-table.js';
import {
  ATTEMPTS,
  BOOTS,
  IMPORT_ORDER,
  ORDER,
  QUARANTINE,
  STATE_LINK,
} from '../../src/facts/places.js';
import { RUNGS } from '../../src/facts/rungs.js';

/**
 * Converts text for roff: it escapes backslashes, dashes and leading dots, and spells other
 * characters in ASCII.
 */
function roff(text: string): string {
  const ascii = text
    .replaceAll('…', '...')
    .replace(/[‘’]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(/[–—]/g, '-');
  return ascii
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll("'", '\\(aq')
    .replace(/`([^`]*)`/g, '\\fB$1\\fP')
    .replaceAll('`', '\\(ga')
    .replace(/^([.'])/gm, '\\&$1');
}

const bold = (text: string): string => `\\fB${roff(text)}\\fP`;
const italic = (text: string): string => `\\fI${roff(text)}\\fP`;
const sentence = (text: string): string =>
  text === '' ? '' : `${text[0]!.toUpperCase()}${text.slice(1)}${/[.:]$/.test(text) ? '' : '.'}`;
const item = (head: string, ...body: string[]): string => ['.TP', head, ...body].join('\n');

function optionItem([name, row]: [string, OptionRow]): string {
  const names = namesOf(name, row)
    .sort((a, b) => a.length - b.length)
    .map((each) => bold(dashed(each)));
  const [argument, choices] = [argumentOf(row), choicesOf(row)];
  const shown = choices.length > 0 ? choices.map(bold).join('|') : italic(argument ?? '');
  const value = argument === null ? '' : ` ${shown}`;
  const several = row.type === 'list' ? '; may be given several times' : '';
  return item(`${names.join(', ')}${value}`, roff(sentence(`${row.describe}${several}`)));
}

function positionalItem([name, row]: [string, PositionalRow]): string {
  const choices = row.type === 'choice' ? `: ${row.choices.join(', ')}` : '';
  return item(italic(name), roff(sentence(`${row.describe}${choices}`)));
}

/** `<verb>` in italics, `[path..]` as `[path...]`, and a verb itself in bold. */
function usageWord(word: string): string {
  if (!/^[<[]/.test(word)) return bold(word);
  const name = italic(word.replace(/[<>[\]]/g, '').replace(/\.\.$/, ''));
  const value = `${name}${word.includes('..') ? '...' : ''}`;
  return word.startsWith('[') ? `[${value}]` : value;
}

const usage = (words: string): string => words.split(' ').map(usageWord).join(' ');

const exampleLines = ([call, why]: Example): string[] => [
  '.PP',
  roff(sentence(why)).replace(/\.$/, ':'),
  '.PP',
  '.RS 4',
  '.EX',
  roff(call.replaceAll('$0', 'mountroot')),
  '.EE',
  '.RE',
];

function verbSection(row: VerbRow | VerbGroup, above: string): string {
  const words = isGroup(row) ? row.name : usageWords(row);
  const inner = isGroup(row)
    ? { items: [], below: row.verbs.map((each) => verbSection(each, `${above}${row.name} `)) }
    : {
        items: [
          ...Object.entries(row.positionals).map(positionalItem),
          ...Object.entries(row.options).map(optionItem),
        ],
        below: [],
      };
  return [
    `.SS ${usage(`${above}${words}`)}`,
    roff(sentence(row.summary)),
    ...inner.items,
    ...row.examples.flatMap(exampleLines),
    ...inner.below,
  ].join('\n');
}

const DESCRIPTION = [
  'mountroot gives an embedded Linux board its root. ' +
    'Called from /etc/preinit as `mount_root`, it mounts the data volume that holds the ' +
    'settings, lays it over the read-only image with overlay, and pivots into the result: ' +
    'afterwards / is the overlay, /rom the image and /overlay the volume.',
  'It gathers facts, makes a plan of them, carries the plan out step by step, checks each step, ' +
    'and takes everything back if one fails. ' +
    'Where the best root cannot be made, it makes the next best one, and says so:',
];

const FILES: [string, string][] = [
  [
    '/etc/mountroot.json',
    'settings, in the image; the volume may have one of its own in the upper layer',
  ],
  ['/usr/lib/mountroot/', 'the agent, and in native/ what it calls the kernel through'],
  [
    '/usr/lib/mountroot/start.sh',
    'the script that makes the root before the agent, where `first` is `script`',
  ],
  ['/tmp/mountroot/script.log', 'what that script did, and when; or why it did not'],
  [
    '/run/mountroot/',
    'the next four files, if /run was in memory when the start began; else /tmp/mountroot/',
  ],
  ['facts.json', 'what the start of this boot began with, for --facts'],
  ['journal.ndjson', 'what was attempted in this boot, what came of it and how long it took'],
  ['state.json', 'the rung, its reason and what is limited, for programs'],
  ['notice', 'one line for whoever logs in; empty when all is well'],
  [`/overlay/${BOOTS}/`, 'the journals of the last boots'],
  [`/overlay/${ATTEMPTS}`, 'starts since the last one that `mountroot done` confirmed'],
  [`/overlay/${ORDER}`, 'an order to reset, which the next start carries out'],
  [`/overlay/${IMPORT_ORDER}`, 'an import, which the next start carries out'],
  [`/overlay/${QUARANTINE}/`, 'what was doubtful, and moved aside'],
  [`/overlay/${STATE_LINK}`, "OpenWrt's mark: 1 in use, 2 confirmed"],
];

const ENVIRONMENT: [string, string][] = [
  [
    'PREINIT',
    'set: this is the early boot, so `start` and `ram` may run; messages go to the kernel log',
  ],
  ['SHUTDOWN', 'set: this is the shutdown, so `stop` may run'],
  ['MOUNTROOT_LOG', '`kmsg`: messages go to the kernel log although this is not the early boot'],
  ['NO_COLOR, TERM', 'NO_COLOR set, or TERM=dumb: no colours'],
];

const EXAMPLES: [string, string][] = [
  ['Whether a board is ready for it, before anything is changed:', 'mountroot doctor'],
  ['What a start would do, call by call:', 'mountroot plan start'],
  ['In /etc/preinit:', 'PREINIT=1 timeout -k 10 600 mount_root start </dev/null'],
  ['At the end of the boot:', 'timeout -k 10 600 mount_root done'],
  ['Why the root is what it is:', 'mountroot status; mountroot explain'],
];

/**
 * Fills lines to a terminal's width, as man pages are written. Examples stay unchanged, and no line
 * may begin with a roff request by accident.
 */
function filled(page: string): string {
  let example = false;
  return page
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('.')) {
        if (line === '.EX' || line === '.EE') example = line === '.EX';
        return [line];
      }
      return example || line.length <= 80
        ? [line]
        : line
            .replace(/(.{1,78})(?: |$)/g, '$1\n')
            .trimEnd()
            .split('\n')
            .map((part) => part.replace(/^([.'])/, '\\&$1'));
    })
    .join('\n');
}

const paragraphs = (texts: readonly string[]): string[] =>
  texts.flatMap((text) => ['.PP', roff(text)]);
const items = (pairs: readonly [string, string][]): string[] =>
  pairs.map(([head, body]) => item(bold(head), roff(sentence(body))));

/** The page in man(7)'s language. @param date as in 2026-11-21. */
export const manPage = (version: string, date: string): string => filled(pageOf(version, date));

const pageOf = (version: string, date: string): string =>
  [
    `.\\" Made from mountroot's own definitions by scripts/man.ts.`,
    `.TH MOUNTROOT 8 ${date} "mountroot ${version}" "System Administration"`,
    '.SH NAME',
    'mountroot, mount_root \\- mount the overlay root of an embedded Linux board',
    '.SH SYNOPSIS',
    '.B mountroot',
    '.I verb',
    '[\\fIoptions\\fP]',
    '.br',
    '.B mount_root',
    '[\\fBstart\\fP|\\fBram\\fP|\\fBdone\\fP|\\fBstop\\fP]',
    '.SH DESCRIPTION',
    ...paragraphs(DESCRIPTION).slice(1),
    ...items(Object.entries(RUNGS).map(([name, { root }]) => [name, root])),
    '.PP',
    roff(
      'Nothing is ever erased or overwritten on weak evidence. ' +
        'Reporting verbs change nothing, and most of them work without root. ' +
        'With --json they print data that has a versioned schema.',
    ),
    '.SH OPTIONS',
    'Every verb understands these.',
    ...Object.entries(GLOBAL_OPTIONS).map(optionItem),
    '.SH VERBS',
    ...sortedTable(VERB_TABLE).map((row) => verbSection(row, '')),
    '.SH EXIT STATUS',
    ...items(
      exitStatuses(VERB_TABLE).map(([status, means]): [string, string] => [String(status), means]),
    ),
    '.SH ENVIRONMENT',
    ...items(ENVIRONMENT),
    '.SH FILES',
    ...items(FILES),
    '.SH EXAMPLES',
    ...EXAMPLES.flatMap(([why, call], index) => [
      ...(index === 0 ? [] : ['.PP']),
      roff(why),
      '.PP',
      '.RS 4',
      '.EX',
      roff(call),
      '.EE',
      '.RE',
    ]),
    '.SH SEE ALSO',
    '.BR mount (8),',
    '.BR pivot_root (2),',
    '.BR switch_root (8),',
    '.BR proc_pid_mountinfo (5)',
    '.PP',
    roff(
      '/usr/share/doc/mountroot: README.gz; bring-up.md.gz, step by step to a board that works.',
    ),
    '',
  ].join('\n');
