import type { Argv } from 'yargs';
import type { Log } from '../../log/log.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import { readKernelRecords } from '../../system/kernel-records.js';
import { factsWithOrigin } from './explain-verb.js';
import type { CommandDeps } from './locate-verb.js';
import { localFullStatus, localStatus } from './status-verb.js';
import { UsageError } from '../usage-error.js';
import { lastValue } from '../last-value.js';

interface Deps extends CommandDeps {
  log: Log;
}

async function run(output: string | undefined, { finish, log }: Deps): Promise<void> {
  const piped = output === undefined || output === '-';
  if (piped && process.stdout.isTTY)
    throw new UsageError(
      'a bundle is not for a terminal; name a file with -o, or send it to another program',
    );
  const { gatherBundle } = await import('../../bundle/bundle-contents.js');
  const { renderStatus, renderSteps } = await import('../../report/status/status-text.js');
  const { explain } = await import('../../explain/explanation.js');
  const { renderExplanation } = await import('../../explain/explanation-text.js');
  const { redactData } = await import('../../bundle/redact.js');
  const { knownTime } = await import('../../report/journal/boot-runs.js');
  const { bytes, manifest } = await gatherBundle({
    reader,
    records: readKernelRecords,
    facts: factsWithOrigin,
    status: async () => {
      const data = redactData(await localFullStatus());
      return { data, text: renderStatus(data) + renderSteps(data) };
    },
    explanation: async (facts) => {
      const data = explain({
        facts,
        commandLine: null,
        config: null,
        deviceTree: null,
        initrd: null,
        log: null,
        ours: redactData(localStatus()),
      });
      return { data, text: renderExplanation(data) };
    },
    now: knownTime(Date.now()),
  });
  if (piped) {
    const { toStream } = await import('../../ramdisk/write.js');
    await toStream(
      process.stdout,
      (async function* () {
        yield bytes;
      })(),
    );
  } else {
    try {
      (await import('../../bundle/put-whole.js')).putWhole(output, bytes);
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
  }
  for (const problem of manifest.problems) log.warn(`not in the bundle: ${problem}`);
  if (!piped)
    log.info(
      `${output}: ${manifest.files.length} files, ${bytes.length} bytes; passwords and keys are left out as far as they can be told by their names and forms: look through it before you send it`,
    );
  finish(EXIT.done);
}

/** `bundle`: what a bug report needs, in one archive. */
export function bundleCommand(y: Argv, deps: Deps): Argv {
  return y.command(
    'bundle',
    'all that a bug report needs in one archive, without passwords and keys',
    (parser) =>
      parser
        .option('output', {
          alias: 'o',
          string: true,
          requiresArg: true,
          coerce: lastValue<string | undefined>,
          describe: 'FILE.tar.gz: where to; without it to the standard output',
        })
        .example('$0 bundle -o /tmp/board.tar.gz', 'on the board')
        .example('$0 plan start --facts board.tar.gz', 'elsewhere, with what is in it'),
    ({ output }) => run(output, deps),
  );
}
