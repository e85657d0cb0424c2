import { EXIT } from '../../plan/plan.js';
import { localFullStatus } from '../local-status.js';
import { isStdout } from '../stdout.js';
import { verb } from '../verb-row.js';
import { writeReport } from '../write-report.js';
import { jsonText } from '../../text/printable.js';

type StatusFormat = 'text' | 'json' | 'prometheus';

async function statusText(format: StatusFormat, withSteps: boolean): Promise<string> {
  const now = await localFullStatus();
  if (format === 'json') return jsonText(now);
  if (format === 'prometheus')
    return (await import('../../report/status/prometheus.js')).renderPrometheus(now);
  const { renderStatus, renderSteps } = await import('../../report/status/status-text.js');
  return renderStatus(now) + (withSteps ? renderSteps(now) : '');
}

export const statusVerb = verb({
  name: 'status',
  summary: 'what / is now and why, how much room it has, and what to do',
  positionals: {},
  options: {
    format: {
      type: 'choice',
      choices: ['text', 'json', 'prometheus'],
      default: 'text',
      describe: "for a person, as data, or for node_exporter's textfile collector",
    },
    json: { type: 'flag', describe: 'the same as --format json' },
    steps: { type: 'flag', describe: 'with the steps of the last start' },
    output: {
      type: 'text',
      alias: 'o',
      argument: 'FILE',
      label: 'FILE',
      describe: 'write it there, whole or not at all',
    },
  },
  examples: [
    [
      '$0 status --format prometheus -o /var/lib/prometheus/node-exporter/mountroot.prom',
      'for a collector',
    ],
  ],
  overSsh: { options: ['json', 'steps', 'format'] },
  exits: [],
  run: async ({ format, json, steps, output }, { print }) => {
    const text = await statusText(json ? 'json' : format, steps);
    if (isStdout(output)) print(text);
    else writeReport(output, text);
    return EXIT.done;
  },
});
