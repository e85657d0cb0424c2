/** Prints the answers of many boards when they arrive, for a person or a program. */
import { size } from '../text/units.js';
import {
  answeredCount,
  closingLine,
  hostsWith,
  readStatus,
  REMOTE_SCHEMA,
  type Answer,
  type RemoteStatus,
} from './judge.js';
import { wrap } from '../text/columns.js';
import { printableJson, printableText } from '../text/printable.js';

/** A form of printing answers: a beginning, each answer when it arrives, and an end. */
export interface TableFormat {
  begin(hosts: readonly string[]): string;
  /** @param bytes the board's output, unchanged. */
  answer(answer: Answer, bytes: Buffer): string | Buffer;
  /** In the order in which the hosts were named. */
  end(answers: readonly Answer[]): string;
}

/** Text from another machine without terminal control sequences; lines and tabs stay. */
export const withoutOrders = printableText;
const inLine = (text: string): string => withoutOrders(text).replace(/\s+/g, ' ');

/** A board's own lines must not look like the title of another board's report. */
const withoutTitles = (text: string): string => text.replace(/^==/gm, ' ==');

const WIDTH = 80;
const [ROOT, EXIT, SECONDS] = [14, 4, 7];
const LONGEST_HOST = 24;

const paragraphs = (texts: readonly string[], indent: number): string =>
  texts.map((each) => `${wrap(inLine(each), indent)}\n`).join('');
const closing = (answers: readonly Answer[]): string => `${wrap(closingLine(answers), 0)}\n`;

const clipped = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, width - 3).trimEnd()}...`;

interface StatusRow {
  host: string;
  root: string;
  why: string;
  exit: string;
  seconds: string;
}

/** A row of the table; a host that does not fit has a line of its own. @param width of hosts */
function rowText({ host, root, why, exit, seconds }: StatusRow, width: number): string {
  const room = WIDTH - width - ROOT - EXIT - SECONDS - 7;
  const rest = [
    clipped(root, ROOT).padEnd(ROOT),
    clipped(why, room).padEnd(room),
    `${exit.padStart(EXIT)} ${seconds.padStart(SECONDS)}`,
  ].join('  ');
  const fits = host.length <= width;
  return `${fits ? '' : `${host}\n`}${(fits ? host : '').padEnd(width)}  ${rest}\n`;
}

const STATUS_HEAD: StatusRow = {
  host: 'HOST',
  root: 'ROOT',
  why: 'REASON',
  exit: 'EXIT',
  seconds: 'SECONDS',
};

function statusRow(answer: Answer, status: RemoteStatus | null): StatusRow {
  const root = status === null ? answer.status : (status.rung ?? 'none');
  const why =
    status === null ? (answer.cause ?? answer.error ?? '') : (status.reason ?? status.summary);
  return {
    host: answer.host,
    root: inLine(root),
    why: inLine(why),
    exit: answer.exit === null ? '-' : String(answer.exit),
    seconds: answer.seconds.toFixed(1),
  };
}

/** The trouble of a board, and its cure. The board's messages would only repeat it. */
function troublesOf(answer: Answer, status: RemoteStatus | null): string[] {
  if (answer.status === 'well') return [];
  if (status === null) return answer.error === undefined ? [] : [answer.error];
  return [
    ...(status.because === null ? [] : [status.because]),
    ...(status.todo === null ? [] : [`to do: ${status.todo}`]),
  ];
}

/** A row for each board, and its trouble below. */
export function statusTable(): TableFormat {
  let width = STATUS_HEAD.host.length;
  return {
    begin: (hosts) => {
      width = Math.min(LONGEST_HOST, Math.max(width, ...hosts.map(({ length }) => length)));
      return rowText(STATUS_HEAD, width);
    },
    answer: (answer) => {
      const status = readStatus(answer.output);
      const row = rowText(statusRow(answer, status), width);
      return row + paragraphs(troublesOf(answer, status), 4);
    },
    end: closing,
  };
}

const statusAndTime = ({ status, exit, seconds }: Answer): string =>
  `${exit === null ? status : `exit ${exit}`}, ${seconds.toFixed(1)} s`;

/** The report of each board below its name. */
export const blocks = (): TableFormat => ({
  begin: () => '',
  answer: (answer) => {
    const output = withoutTitles(
      withoutOrders(typeof answer.output === 'string' ? answer.output : ''),
    );
    const said = answer.messages ?? (answer.error === undefined ? [] : [answer.error]);
    const lineEnd = output === '' || output.endsWith('\n') ? '' : '\n';
    const title = `== ${answer.host} (${statusAndTime(answer)})\n`;
    return `${title}${output}${lineEnd}${paragraphs(said, 2)}\n`;
  },
  end: closing,
});

/** One board's report alone, which may go into a file. A terminal gets no control sequences. */
export const asItIs = (terminal: boolean): TableFormat => ({
  begin: () => '',
  answer: (_answer, bytes) => (terminal ? withoutOrders(bytes.toString('utf8')) : bytes),
  end: () => '',
});

/** The places of the stored bundles. */
export const bundleLines = (): TableFormat => ({
  begin: () => '',
  answer: ({ host, status, output, error, messages = [] }) => {
    const { file, bytes } = (output ?? {}) as { file?: string; bytes?: number };
    const said = error === undefined ? messages : [error];
    const stored = file === undefined ? status : `${file}, ${size(bytes ?? 0)}`;
    return `${host}: ${stored}\n${paragraphs(said, 4)}`;
  },
  end: closing,
});

const json = (value: unknown): string => printableJson(value);

/** A line for each board. */
export const ndjson = (): TableFormat => ({
  begin: () => '',
  answer: (answer) => `${json(answer)}\n`,
  end: () => '',
});

const FATES = ['unreachable', 'degraded', 'failed', 'problems'] as const;

/** One JSON value, which grows by a line with each answer. */
export function oneValue(words: readonly string[]): TableFormat {
  let count = 0;
  return {
    begin: () => `{"schema":${json(REMOTE_SCHEMA)},"report":${json(words.join(' '))},"hosts":[\n`,
    answer: (answer) => `${count++ === 0 ? '' : ',\n'}${json(answer)}`,
    end: (answers) => {
      const hosts = FATES.map((fate) => `${json(fate)}:${json(hostsWith(answers, fate))}`);
      return `\n],"answered":${answeredCount(answers)},${hosts.join(',')}}\n`;
    },
  };
}
