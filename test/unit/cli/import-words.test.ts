import t from 'tap';
import { importSentence } from '../../../src/cli/import-sentence.js';
import { wrap } from '../../../src/text/columns.js';
import { golden, lineLengths } from '../../fixtures/golden.js';

const some = {
  directories: 12,
  files: 345,
  symlinks: 6,
  links: 1,
  nodes: 0,
  whiteouts: 1,
  opaque: 2,
  bytes: 123_456,
};
const none = {
  directories: 1,
  files: 1,
  symlinks: 0,
  links: 0,
  nodes: 0,
  whiteouts: 0,
  opaque: 0,
  bytes: 1,
};

t.test("import's report of its work is the reviewed text", async (t) => {
  const said = (
    [
      {
        file: 'settings.tar.gz',
        upper: '/overlay/upper',
        mode: 'replace',
        when: 'next start',
        counts: some,
      },
      {
        file: 'settings.tar.gz',
        upper: '/overlay/upper',
        mode: 'merge',
        when: 'never',
        counts: some,
      },
      { file: 'layer.tar', upper: '/srv/board/upper', mode: 'replace', when: 'now', counts: none },
    ] as const
  ).map((each) => `${wrap(importSentence(each), 0)}\n`);
  const text = said.join('\n');
  golden(t, 'import.txt', text);
  t.ok(lineLengths(text) <= 80);
});
