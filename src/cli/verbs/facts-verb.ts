import { EXIT } from '../../plan/plan.js';
import { factsWithOrigin } from '../local-facts.js';
import { verb } from '../verb-row.js';
import { jsonText } from '../../text/printable.js';

export const factsVerb = verb({
  name: 'facts',
  summary: 'print everything that a plan depends on, as JSON',
  positionals: {},
  options: { json: { type: 'flag', default: true, describe: 'the only form there is' } },
  examples: [['$0 facts >board.json', 'for a bug report, or to plan for the board elsewhere']],
  overSsh: { options: ['json'] },
  exits: [],
  run: (_args, { print }) => {
    print(jsonText(factsWithOrigin()), 'as it is');
    return EXIT.done;
  },
});
