/** Asks many boards for a report, and prints each answer when it arrives. */
import type { Log } from '../log/log.js';
import { ANSWER_BYTES } from '../text/input-limits.js';
import type { Answer, Question } from '../remote/judge.js';
import type { ReportWanted } from '../remote/question.js';
import type { TableFormat } from '../remote/remote-table.js';
import type { SshResult, Way } from '../remote/ssh.js';
import type { BundleStore } from '../remote/store-bundle.js';
import { isTerminal } from '../log/is-terminal.js';
import { stdout, writeOut } from './stdout.js';
import { asUsageError, UsageError } from './usage-error.js';

export interface RemoteRequest {
  hosts: readonly string[];
  report: ReportWanted;
  way: Way;
  /** The path of mountroot on the boards. */
  command: string;
  /** The number of boards to ask at the same time. */
  jobs: number;
  /** Seconds for each board. */
  time: number;
  json: boolean;
  ndjson: boolean;
  bundle: boolean;
  output: string | undefined;
}

/**
 * Runs `call`. Meanwhile ^C ends each ssh and shows the received answers; a second ^C ends
 * everything at once.
 */
async function interruptible<T>(call: (go: () => boolean) => Promise<T>): Promise<T> {
  const { interruptAll, killAll } = await import('../remote/ssh.js');
  let interrupted = false;
  const interrupt = (): void => {
    if (interrupted) killAll();
    interrupted = true;
    interruptAll();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, interrupt);
  process.on('exit', killAll);
  try {
    return await call(() => !interrupted);
  } finally {
    for (const name of signals) process.off(name, interrupt);
    process.off('exit', killAll);
  }
}

async function storeFor(request: RemoteRequest): Promise<BundleStore | null> {
  const { bundle, output, hosts, json, ndjson } = request;
  if (!bundle) return null;
  const { bundleStore } = await import('../remote/store-bundle.js');
  const store = asUsageError(() => bundleStore(output, hosts));
  if (store.piped && (json || ndjson))
    throw new UsageError(
      'a bundle and data cannot both go to the standard output; name a file with -o',
    );
  return store;
}

/** Whether one board's answer is printed unchanged, so that it can go into a file. */
function isShownAsItIs(request: RemoteRequest, store: BundleStore | null): boolean {
  if (request.json || request.ndjson) return false;
  return store === null ? request.hosts.length === 1 && !request.report.table : store.piped;
}

/** The forms of printing the answers. The first row that matches counts. */
async function formatFor(
  { json, ndjson, report, bundle }: RemoteRequest,
  asItIs: boolean,
): Promise<TableFormat> {
  const table = await import('../remote/remote-table.js');
  const rows: readonly { when: boolean; show: () => TableFormat }[] = [
    { when: json, show: () => table.oneValue(report.words) },
    { when: ndjson, show: table.ndjson },
    { when: report.table, show: table.statusTable },
    { when: asItIs, show: () => table.asItIs(isTerminal(stdout.fd)) },
    { when: bundle, show: table.bundleLines },
    { when: true, show: table.blocks },
  ];
  return rows.find(({ when }) => when)!.show();
}

/** Returns the exit status. */
export async function askBoards(request: RemoteRequest, log: Log): Promise<number> {
  const { ask } = await import('../remote/ssh.js');
  const { askAll } = await import('../remote/ask-all.js');
  const { closingLine, exitOf, inShort, judge, notJudged } = await import('../remote/judge.js');
  const { passOn } = await import('../remote/question.js');
  const { hosts, report, command, way, jobs } = request;
  const store = await storeFor(request);
  const asItIs = isShownAsItIs(request, store);
  const format = await formatFor(request, asItIs);
  const output = request.bundle ? ANSWER_BYTES.bundle : ANSWER_BYTES.report;
  const limits = { time: request.time * 1000, output };
  const question: Question = { command, data: report.data, limits };

  const answerTo = (ended: SshResult): { answer: Answer; text: string | Buffer } => {
    const judged = judge(ended, question);
    const answer = store === null ? judged : store.keep(ended.stdout, judged);
    const shown = store !== null && answer.status !== 'well' ? Buffer.alloc(0) : ended.stdout;
    return { answer, text: format.answer(answer, shown) };
  };
  /** Whatever one board sends, the others are shown. */
  const safely = (ended: SshResult): ReturnType<typeof answerTo> => {
    try {
      return answerTo(ended);
    } catch (error) {
      const answer = notJudged(ended, error);
      return { answer, text: format.answer(answer, Buffer.alloc(0)) };
    }
  };
  const use = (ended: SshResult): Promise<Answer> => {
    const { answer, text } = safely(ended);
    writeOut(text);
    if (asItIs) for (const message of answer.messages ?? []) passOn(log, message);
    if (asItIs && answer.cause !== undefined) log.error(answer.error ?? answer.cause);
    return Promise.resolve(inShort(answer));
  };

  writeOut(format.begin(hosts));
  const answers = await interruptible((go) =>
    askAll(hosts, {
      jobs,
      ask: (host) => ask(host, [command, ...report.words], way, limits),
      use,
      go,
    }),
  );
  writeOut(format.end(answers));
  // A program that reads lines gets only the boards' answers.
  if (request.ndjson) log.info(closingLine(answers));
  return exitOf(answers);
}
