/** The answers of many boards, for a person and for a program, as they come. */
import { size } from '../text/units.js';
import { closingLine, readStatus, REMOTE_SCHEMA, type Answer } from './judge.js';
import { wrap } from '../text/columns.js';

/**
 * How answers are shown: something before the first, each as it comes, something behind the last.
 */
export interface TableFormat {
  begin(hosts: readonly string[]): string;
  /** @param bytes what the board sent, just as it came. */
  answer(answer: Answer, bytes: Buffer): string | Buffer;
  /** In the order in which the hosts were named. */
  end(answers: readonly Answer[]): string;
}

/** What comes from another machine must not give orders to this terminal; lines and tabs stay. */
export const withoutOrders = (text: string): string =>
  text.replace(/\r\n/g, '\n').replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, '?');
const inLine = (text: string): string => withoutOrders(text).replace(/\s+/g, ' ');

const WIDTH = 80;
const [ROOT, EXIT, SECONDS] = [14, 4, 7];
const LONGEST_HOST = 24;

const clipped = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, width - 3).trimEnd()}...`;

/** A row a board. What is wrong is below the row, with what to do. */
export function statusTable(): TableFormat {
  let host = 4;
  const row = (name: string, root: string, why: string, exit: string, seconds: string): string => {
    const room = WIDTH - host - ROOT - EXIT - SECONDS - 7;
    const rest = `${clipped(root, ROOT).padEnd(ROOT)}  ${clipped(why, room).padEnd(room)}  ${exit.padStart(EXIT)} ${seconds.padStart(SECONDS)}`;
    return name.length <= host
      ? `${name.padEnd(host)}  ${rest}\n`
      : `${name}\n${''.padEnd(host)}  ${rest}\n`;
  };
  return {
    begin: (hosts) => {
      host = Math.min(LONGEST_HOST, Math.max(4, ...hosts.map(({ length }) => length)));
      return row('HOST', 'ROOT', 'REASON', 'EXIT', 'SECONDS');
    },
    answer: (answer) => {
      const status = readStatus(answer.output);
      const below: string[] = [];
      if (answer.status !== 'well') {
        if (status?.because) below.push(status.because);
        if (status?.todo) below.push(`to do: ${status.todo}`);
        // What the agent itself said while it answered is in the data; here it would say the same
        // again.
        if (status === null && answer.error !== undefined) below.push(answer.error);
      }
      const root = status === null ? answer.status : (status.rung ?? 'none');
      const why =
        status === null ? (answer.cause ?? answer.error ?? '') : (status.reason ?? status.summary);
      return (
        row(
          answer.host,
          inLine(root),
          inLine(why),
          answer.exit === null ? '-' : String(answer.exit),
          answer.seconds.toFixed(1),
        ) + below.map((line) => `${wrap(inLine(line), 4)}\n`).join('')
      );
    },
    end: (answers) => `${wrap(closingLine(answers), 0)}\n`,
  };
}

const seconds = (answer: Answer): string =>
  `${answer.exit === null ? answer.status : `exit ${answer.exit}`}, ${answer.seconds.toFixed(1)} s`;

/** What each board says, below its name. */
export const blocks = (): TableFormat => ({
  begin: () => '',
  answer: (answer) => {
    const output = withoutOrders(typeof answer.output === 'string' ? answer.output : '');
    const said = answer.messages ?? (answer.error === undefined ? [] : [answer.error]);
    return `== ${answer.host} (${seconds(answer)})\n${output}${output === '' || output.endsWith('\n') ? '' : '\n'}${said.map((each) => `${wrap(inLine(each), 2)}\n`).join('')}\n`;
  },
  end: (answers) => `${wrap(closingLine(answers), 0)}\n`,
});

/**
 * One board's report and nothing else, which may be on its way into a file; a terminal is kept from
 * orders.
 */
export const asItIs = (terminal: boolean): TableFormat => ({
  begin: () => '',
  answer: (_answer, bytes) => (terminal ? withoutOrders(bytes.toString('utf8')) : bytes),
  end: () => '',
});

/** Where bundles were put. */
export const bundleLines = (): TableFormat => ({
  begin: () => '',
  answer: ({ host, status, output, error, messages = [] }) => {
    const { file, bytes } = (output ?? {}) as { file?: string; bytes?: number };
    const said = error === undefined ? messages : [error];
    return `${host}: ${file === undefined ? status : `${file}, ${size(bytes ?? 0)}`}\n${said.map((each) => `${wrap(inLine(each), 4)}\n`).join('')}`;
  },
  end: (answers) => `${wrap(closingLine(answers), 0)}\n`,
});

/** JSON lets through what some terminals take for orders. */
const json = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\x7f-\x9f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );

/** A line for each board. */
export const ndjson = (): TableFormat => ({
  begin: () => '',
  answer: (answer) => `${json(answer)}\n`,
  end: () => '',
});

/** One value, which nevertheless comes line by line. */
export function oneValue(words: readonly string[]): TableFormat {
  let count = 0;
  return {
    begin: () => `{"schema":${json(REMOTE_SCHEMA)},"report":${json(words.join(' '))},"hosts":[\n`,
    answer: (answer) => `${count++ === 0 ? '' : ',\n'}${json(answer)}`,
    end: (answers) => {
      const named = (fate: Answer['status']): string[] =>
        answers.filter(({ status }) => status === fate).map(({ host }) => host);
      return `\n],"answered":${answers.filter(({ status }) => status !== 'unreachable').length},"unreachable":${json(named('unreachable'))},"degraded":${json(named('degraded'))},"failed":${json(named('failed'))},"problems":${json(named('problems'))}}\n`;
    },
  };
}
