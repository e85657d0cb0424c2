import type { Facts } from '../../facts/facts.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import { readKernelRecords } from '../../system/kernel-records.js';
import { factsWithOrigin } from '../local-facts.js';
import { localFullStatus, localStatus } from '../local-status.js';
import { checkNotTerminal, isStdout, writeOut } from '../stdout.js';
import { asUsageError } from '../usage-error.js';
import { verb } from '../verb-row.js';

async function statusPart() {
  const { renderStatus, renderSteps } = await import('../../report/status/status-text.js');
  type Status = Awaited<ReturnType<typeof localFullStatus>>;
  return {
    data: await localFullStatus(),
    text: (data: object) => renderStatus(data as Status) + renderSteps(data as Status),
  };
}

async function explanationPart(facts: Facts) {
  const { explain } = await import('../../explain/explanation.js');
  const { renderExplanation } = await import('../../explain/explanation-text.js');
  const data = explain({
    facts,
    commandLine: null,
    config: null,
    deviceTree: null,
    initrd: null,
    log: null,
    ours: localStatus(),
  });
  return { data, text: (safe: object) => renderExplanation(safe as typeof data) };
}

async function gathered() {
  const { gatherBundle } = await import('../../bundle/bundle-contents.js');
  const { knownTime } = await import('../../report/journal/boot-runs.js');
  return gatherBundle({
    reader,
    records: readKernelRecords,
    facts: factsWithOrigin,
    status: statusPart,
    explanation: explanationPart,
    now: knownTime(Date.now()),
  });
}

export const bundleVerb = verb({
  name: 'bundle',
  summary: 'everything that a bug report needs in one archive; what may be a secret is withheld',
  positionals: {},
  options: {
    output: {
      type: 'text',
      alias: 'o',
      argument: 'FILE',
      label: 'FILE.tar.gz',
      describe: 'where to write it; without it the standard output',
    },
  },
  examples: [
    ['$0 bundle -o /tmp/board.tar.gz', 'on the board'],
    ['$0 plan start --facts board.tar.gz', 'elsewhere, with what is in it'],
  ],
  overSsh: { options: [] },
  keepsFile: true,
  exits: [],
  run: async ({ output }, { log }) => {
    checkNotTerminal('a bundle', output);
    const { putWhole } = await import('../../bundle/whole-file.js');
    const { bytes, manifest } = await gathered();
    if (isStdout(output)) writeOut(bytes);
    else asUsageError(() => putWhole(output, bytes));
    for (const problem of manifest.problems) log.warn(`not in the bundle: ${problem}`);
    const withheld = manifest.files.reduce((sum, file) => sum + file.withheld, 0);
    if (!isStdout(output))
      log.info(
        `${output}: ${manifest.files.length} files, ${bytes.length} bytes; ${withheld} texts are ` +
          'withheld, for they may be secrets: only their lengths and a hash are in it ' +
          '(docs/verbs.md says what is); no option puts one in, so send what is asked for yourself',
      );
    return EXIT.done;
  },
});
